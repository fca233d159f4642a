// The other half of pack.mjs: what it folded, again as it was. Parts that are equal are one object: nobody may change them.
const { parse } = JSON;

function made(thing, shapes, things) {
  if (typeof thing === "string") return thing;
  const [shape] = thing;
  if (shape === -2) return thing[1];
  const value = shape === -1 ? [] : {};
  const keys = shapes[shape];
  for (let i = 1; i < thing.length; i++) value[shape === -1 ? i - 1 : keys[i - 1]] = things[thing[i]];
  return value;
}

export function unfold(text) {
  const [names, things] = parse(text);
  const shapes = names.map((each) => each.split("|"));
  for (let i = 0; i < things.length; i++) things[i] = made(things[i], shapes, things);
  return things[things.length - 1];
}
