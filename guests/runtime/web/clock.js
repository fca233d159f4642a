// Time since birth. The clock is read when somebody asks, and the first reading is the origin: a birth does no work.
import { glue } from "./engine.js";

let origin;

export function birth() {
  return (origin ??= glue.now());
}

export function sinceBirth() {
  const start = birth();
  return glue.now() - start;
}
