// What a thing is called: the class it is of, and how that is written in front of it.
const { getOwnPropertyDescriptor, getPrototypeOf, prototype } = Object;
const { propertyIsEnumerable } = prototype;
const { apply } = Reflect;

function isInstance(value, constructor) {
  try {
    return value instanceof constructor;
  } catch {
    return false;
  }
}

// The name of its class; null if it has no prototype.
export function className(value, level, context) {
  let first;
  for (let at = value; at !== null; ) {
    const found = getOwnPropertyDescriptor(at, "constructor");
    if (typeof found?.value === "function" && found.value.name !== "" && isInstance(value, found.value)) return String(found.value.name);
    at = getPrototypeOf(at);
    first ??= at === null && first === undefined ? 0 : at;
  }
  if (first === 0) return null;
  if (level > context.depth) return "Object <Complex prototype>";
  const above = className(first, level + 1, context);
  return `Object <${above ?? "[Object: null prototype] {}"}>`;
}

export function tagOf(value) {
  let tag;
  try {
    tag = value[Symbol.toStringTag];
  } catch {
    return "";
  }
  return typeof tag !== "string" || tag === "" || apply(propertyIsEnumerable, value, [Symbol.toStringTag]) ? "" : tag;
}

// "Foo ", "Foo(2) [tag] ", "[Map(1): null prototype] "
export function prefix(name, tag, fallback, size = "") {
  if (name === null) return `[${fallback}${size}: null prototype] ${tag !== "" && fallback !== tag ? `[${tag}] ` : ""}`;
  return `${name}${size} ${tag !== "" && name !== tag ? `[${tag}] ` : ""}`;
}

const { toString } = Function.prototype;
const GENERATOR = /^(async\s+)?(function\s*\*|\*)/;

function kindOf(source) {
  return `${/^async\b/.test(source) ? "Async" : ""}${GENERATOR.test(source) ? "Generator" : ""}Function`;
}

function classBase(value, name, tag) {
  let base = `class ${Object.hasOwn(value, "name") && typeof value.name === "string" && value.name ? value.name : "(anonymous)"}`;
  if (name !== "Function" && name !== null) base += ` [${name}]`;
  if (tag !== "" && name !== tag) base += ` [${tag}]`;
  if (name === null) return `[${base} extends [null prototype]]`;
  const parent = getPrototypeOf(value)?.name;
  return parent ? `[${base} extends ${parent}]` : `[${base}]`;
}

export function functionBase(value, name, tag) {
  const source = apply(toString, value, []);
  if (/^class\b/.test(source) && source.endsWith("}")) return classBase(value, name, tag);
  const kind = kindOf(source);
  let base = `[${kind}${name === null ? " (null prototype)" : ""}`;
  base += value.name === "" ? " (anonymous)" : `: ${typeof value.name === "string" ? value.name : String(value.name)}`;
  base += "]";
  if (name !== kind && name !== null && !name.endsWith("Function")) base += ` ${name}`;
  return tag !== "" && name !== tag && tag !== kind ? `${base} [${tag}]` : base;
}
