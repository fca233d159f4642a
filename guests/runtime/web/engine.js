// What the web's classes need of the engine. Given once, while the image is made.
export let glue;

export function give(given) {
  glue = given;
}
