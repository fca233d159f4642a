// What console.log makes of its arguments: directives of the first, then the rest, as Node's util.format.
import { inspect } from "./inspect.js";
import { number } from "./primitive.js";

const { stringify } = JSON;
const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
const OBJECT = { depth: 0, compact: 3 };
const HIDDEN = { showHidden: true, depth: 4 };
const BUILTIN = /^(Object|Array|Function|Map|Set|Date|RegExp|Promise|Error|[A-Z]\w*Error|WeakMap|WeakSet|ArrayBuffer|DataView|\w+Array|Number|String|Boolean|Symbol|BigInt)$/;

// Whether its text would be a built-in's, that says nothing: "[object Object]".
function isMute(value) {
  if (typeof value.toString !== "function" && typeof value[Symbol.toPrimitive] !== "function") return true;
  if (hasOwn(value, "toString") || hasOwn(value, Symbol.toPrimitive)) return false;
  let at = value;
  do at = getPrototypeOf(at);
  while (at !== null && !hasOwn(at, "toString") && !hasOwn(at, Symbol.toPrimitive));
  const constructor = at && getOwnPropertyDescriptor(at, "constructor");
  return typeof constructor?.value === "function" && BUILTIN.test(constructor.value.name);
}

function text(value) {
  if (typeof value === "number") return number(value);
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "object" && value !== null && isMute(value) ? inspect(value, OBJECT) : String(value);
}

function json(value) {
  try {
    return stringify(value);
  } catch (error) {
    if (/circular/i.test(error?.message)) return "[Circular]";
    throw error;
  }
}

const numeric = (convert) => (value) => (typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : number(convert(value)));
const DIRECTIVES = {
  __proto__: null,
  s: text,
  d: numeric(Number),
  i: numeric(parseInt),
  f: (value) => (typeof value === "symbol" ? "NaN" : number(parseFloat(value))),
  j: json,
  o: (value) => inspect(value, HIDDEN),
  O: (value) => inspect(value),
  c: () => "",
};

function directed(letter, value) {
  try {
    return DIRECTIVES[letter](value);
  } catch {
    return inspect(value, OBJECT);
  }
}

const plain = (value) => (typeof value === "string" ? value : inspect(value));

export function format(args) {
  const first = args[0];
  if (args.length === 1) return plain(first);
  let next = 0;
  let made = "";
  if (typeof first === "string") {
    next = 1;
    made = first.includes("%")
      ? first.replace(/%([sdifjoOc%])/g, (all, letter) => (letter === "%" ? "%" : next < args.length ? `${directed(letter, args[next++])}` : all))
      : first;
  }
  for (; next < args.length; next++) made += next ? ` ${plain(args[next])}` : plain(args[next]);
  return made;
}
