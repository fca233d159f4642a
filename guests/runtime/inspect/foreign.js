// A stand-in for another guest's object, drawn by its public keys. Every look is a call into that guest, so looks are counted.
import { key } from "./primitive.js";

const { getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const KEYS = 100;
const LOOKS = 1000; // of one console.log

const nameOf = (value) => (typeof value === "function" && typeof value.name === "string" ? value.name : "");

// A class is a function whose prototype cannot be replaced.
function functionOf(value) {
  const prototype = getOwnPropertyDescriptor(value, "prototype");
  const name = nameOf(value);
  if (!prototype || prototype.writable) return `[Function${name ? `: ${name}` : " (anonymous)"}]`;
  const parent = nameOf(getPrototypeOf(value));
  return `[class ${name || "(anonymous)"}${parent ? ` extends ${parent}` : ""}]`;
}

function tagOf(value) {
  try {
    return value[Symbol.toStringTag];
  } catch {
    return undefined;
  }
}

function classOf(value) {
  const tag = tagOf(value);
  const name = nameOf(value.constructor) || "Object";
  return typeof tag === "string" && tag !== "" && tag !== name ? `${name} [${tag}] ` : name === "Object" ? "" : `${name} `;
}

function part(context, value, name, level, draw) {
  context.looks++;
  const found = getOwnPropertyDescriptor(value, name);
  if (!found?.enumerable) return undefined;
  if ("value" in found) return `${key(name)}: ${draw(context, found.value, level)}`;
  return `${key(name)}: [${found.get ? (found.set ? "Getter/Setter" : "Getter") : "Setter"}]`;
}

// {base, parts, braces}
export function foreign(context, value, level, draw) {
  context.looks += 4;
  const callable = typeof value === "function";
  const base = callable ? functionOf(value) : classOf(value);
  if (level > context.depth || context.looks > LOOKS) return { whole: callable ? base : `[${base.trimEnd() || "Object"}]` };
  const keys = ownKeys(value);
  const parts = [];
  context.indent += 2;
  for (let i = 0; i < keys.length; i++) {
    if (parts.length === KEYS || context.looks > LOOKS) {
      parts.push(`... ${keys.length - i} more`);
      break;
    }
    const made = part(context, value, keys[i], level + 1, draw);
    if (made !== undefined) parts.push(made);
  }
  context.indent -= 2;
  if (!parts.length) return { whole: callable ? base : `${base}{}` };
  return callable ? { base, parts, braces: ["{", "}"] } : { base: "", parts, braces: [`${base}{`, "}"] };
}
