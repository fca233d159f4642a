// Any value as text, as Node's util.inspect writes it. It never throws: what cannot be looked at is said to be so.
import { brand, bytesOf, dateText, entries, isBoxed, isTyped, items, patternText, unboxed } from "./brand.js";
import { errorBase } from "./error.js";
import { foreign } from "./foreign.js";
import { joined } from "./layout.js";
import { className, functionBase, prefix, tagOf } from "./names.js";
import { key, primitive, quoted } from "./primitive.js";
import { isInside, isWebClass, web } from "./web.js";

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, keys: keysOf } = Object;
const { isArray } = Array;
const { apply } = Reflect;
const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
const INDEX = /^(0|[1-9][0-9]*)$/;
const LARGEST = 2 ** 32 - 2;
const HIDDEN = "[not shown: it throws]";

const DEFAULTS = {
  __proto__: null,
  showHidden: false,
  depth: 2,
  customInspect: true,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
};

let glue; // the engine's: what is foreign, how a promise stands
export const useGlue = (given) => void (glue = given);

const limit = (value) => (value === null ? Infinity : value);

function makeContext(options) {
  const context = { __proto__: null, ...DEFAULTS, seen: [], circular: [], indent: 0, current: 0, looks: 0 };
  if (options !== null && typeof options === "object") for (const name in DEFAULTS) if (options[name] !== undefined) context[name] = options[name];
  for (const name of ["depth", "maxArrayLength", "maxStringLength"]) context[name] = limit(context[name]);
  if (context.compact === true) context.compact = 3;
  return context;
}

export function inspect(value, options) {
  try {
    return draw(makeContext(options), value, 0);
  } catch {
    return HIDDEN;
  }
}
inspect.custom = CUSTOM;

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

// One value at a level; what throws is contained here, so that the rest is still shown.
function draw(context, value, level, isPart) {
  if (!isObject(value)) return primitive(context, value);
  const { indent } = context;
  const open = context.seen.length;
  try {
    return drawObject(context, value, level, isPart);
  } catch {
    context.indent = indent;
    context.seen.length = open;
    return HIDDEN;
  }
}

function drawObject(context, value, level, isPart) {
  if (glue?.foreign(value)) return drawForeign(context, value, level);
  if (context.customInspect) {
    const custom = value[CUSTOM];
    if (typeof custom === "function" && custom !== inspect && getOwnPropertyDescriptor(value, "constructor")?.value?.prototype !== value) {
      const made = apply(custom, value, [context.depth - level, optionsOf(context), inspect]);
      if (made !== value) return isObject(made) ? draw(context, made, level) : `${made}`.replaceAll("\n", `\n${" ".repeat(context.indent)}`);
    }
  }
  if (context.seen.includes(value)) return drawCircle(context, value);
  return drawParts(context, value, level, isPart);
}

function optionsOf(context) {
  const options = { stylize: (text) => `${text}` };
  for (const name in DEFAULTS) options[name] = context[name];
  return options;
}

function drawCircle(context, value) {
  let at = context.circular.indexOf(value);
  if (at === -1) at = context.circular.push(value) - 1;
  return `[Circular *${at + 1}]`;
}

function drawForeign(context, value, level) {
  if (context.seen.includes(value)) return drawCircle(context, value);
  context.seen.push(value);
  context.current = level + 1;
  const { whole, base, parts, braces } = foreign(context, value, level, draw);
  context.seen.pop();
  if (whole !== undefined) return whole;
  return finish(context, value, { base, braces, parts }, level + 1);
}

// Shown keys: enumerable ones, symbols too; without indices for what has items.
function shownKeys(context, value, indexed) {
  let names = context.showHidden ? getOwnPropertyNames(value) : keysOf(value);
  if (indexed) names = names.filter((name) => !INDEX.test(name) || +name > LARGEST);
  const symbols = getOwnPropertySymbols(value);
  for (let i = 0; i < symbols.length; i++) if (context.showHidden || getOwnPropertyDescriptor(value, symbols[i])?.enumerable) names.push(symbols[i]);
  return names;
}

const more = (count, what = "item") => `... ${count} more ${what}${count > 1 ? "s" : ""}`;

function property(context, value, name, level, isItem) {
  const found = getOwnPropertyDescriptor(value, name) ?? { value: value[name], enumerable: true };
  let text;
  if (found.value !== undefined || !(found.get || found.set)) {
    context.indent += 2;
    text = draw(context, found.value, level);
    context.indent -= 2;
  } else text = accessor(context, value, found, level);
  if (isItem) return text;
  const shown = key(name);
  return `${found.enumerable ? shown : typeof name === "symbol" ? shown : `[${shown}]`}: ${text}`;
}

function accessor(context, value, { get, set }, level) {
  const label = get ? (set ? "Getter/Setter" : "Getter") : "Setter";
  const wanted = get && (context.getters === true || context.getters === (set ? "set" : "get"));
  if (!wanted) return `[${label}]`;
  let got;
  try {
    got = apply(get, value, []);
  } catch (error) {
    return `[${label}: <Inspection threw (${draw(context, error, level)})>]`;
  }
  return isObject(got) ? `[${label}] ${draw(context, got, level)}` : `[${label}: ${primitive(context, got)}]`;
}

function arrayParts(context, value, level) {
  const most = Math.min(Math.max(0, context.maxArrayLength), value.length);
  const parts = [];
  let i = 0;
  for (; i < most; i++) {
    if (!getOwnPropertyDescriptor(value, i)) return holedParts(context, value, level, most, parts, i);
    parts.push(property(context, value, i, level, true));
  }
  if (value.length > i) parts.push(more(value.length - i));
  return parts;
}

function holedParts(context, value, level, most, parts, at) {
  const names = keysOf(value);
  for (let i = at; i < names.length && parts.length < most; i++) {
    if (!INDEX.test(names[i]) || +names[i] > LARGEST) break;
    const gap = +names[i] - at;
    if (gap > 0) parts.push(`<${gap} empty item${gap > 1 ? "s" : ""}>`);
    at = +names[i];
    if (parts.length === most) break;
    parts.push(property(context, value, names[i], level, true));
    at++;
  }
  const left = value.length - at;
  if (left > 0) parts.push(parts.length === most ? more(left) : `<${left} empty item${left > 1 ? "s" : ""}>`);
  return parts;
}

function mapParts(context, value, level) {
  const all = entries(value);
  const most = Math.min(context.maxArrayLength, all.length / 2);
  const parts = [];
  context.indent += 2;
  for (let i = 0; i < most; i++) parts.push(`${draw(context, all[2 * i], level)} => ${draw(context, all[2 * i + 1], level)}`);
  context.indent -= 2;
  if (all.length / 2 > most) parts.push(more(all.length / 2 - most));
  return parts;
}

function setParts(context, value, level) {
  const all = items(value);
  const most = Math.min(context.maxArrayLength, all.length);
  const parts = [];
  context.indent += 2;
  for (let i = 0; i < most; i++) parts.push(draw(context, all[i], level));
  context.indent -= 2;
  if (all.length > most) parts.push(more(all.length - most));
  return parts;
}

function typedParts(context, value) {
  const most = Math.min(Math.max(0, context.maxArrayLength), value.length);
  const parts = [];
  for (let i = 0; i < most; i++) parts.push(primitive(context, value[i]));
  if (value.length > most) parts.push(more(value.length - most));
  return parts;
}

function bufferParts(context, value) {
  let bytes;
  try {
    bytes = bytesOf(value);
  } catch {
    return ["(detached)"];
  }
  if (value.detached) return ["(detached)", "byteLength: 0"];
  const most = Math.min(Math.max(0, context.maxArrayLength), bytes.length);
  const shown = [];
  for (let i = 0; i < most; i++) shown.push(bytes[i].toString(16).padStart(2, "0"));
  const rest = bytes.length > most ? ` ${more(bytes.length - most, "byte")}` : "";
  return [`[Uint8Contents]: <${shown.join(" ")}${rest}>`, `byteLength: ${bytes.length}`];
}

function viewParts(context, value, level) {
  context.indent += 2;
  const buffer = draw(context, value.buffer, level);
  context.indent -= 2;
  return [`byteLength: ${value.byteLength}`, `byteOffset: ${value.byteOffset}`, `buffer: ${buffer}`];
}

function promiseParts(context, value, level) {
  const state = glue.state(value);
  if (state === "pending") return ["<pending>"];
  context.indent += 2;
  const result = draw(context, glue.result(value), level);
  context.indent -= 2;
  return [state === "rejected" ? `<rejected> ${result}` : result];
}

function webParts(context, { pairs, arrows, name }, level) {
  const parts = [];
  context.indent += 2;
  for (let i = 0; i < pairs.length; i++) {
    const text = draw(context, pairs[i][1], level);
    parts.push(arrows ? `${quoted(pairs[i][0])} => ${text}` : `${name === "Headers" && !/^[a-zA-Z_]\w*$/.test(pairs[i][0]) ? quoted(pairs[i][0]) : pairs[i][0]}: ${text}`);
  }
  context.indent -= 2;
  return parts;
}

const LONE = { __proto__: null, WeakMap: "<items unknown>", WeakSet: "<items unknown>" };

// What an object is drawn with: base text, braces, keys, and how its parts are made. `done` when the base says all.
function shapeOf(context, value, level) {
  const prototype = getPrototypeOf(value);
  const tag = tagOf(value);
  const name = className(value, level, context);
  if (isArray(value)) {
    const before = name === "Array" && tag === "" ? "" : prefix(name, tag, "Array", `(${value.length})`);
    return { keys: shownKeys(context, value, true), braces: [`${before}[`, "]"], parts: arrayParts, short: prefix(name, tag, "Array"), values: value, hollow: !value.length };
  }
  if (typeof value === "function" && isWebClass(value)) return { keys: [], base: `[class ${value.name}]`, braces: ["{", "}"], short: "Function " };
  if (typeof value === "function") return { keys: shownKeys(context, value), base: functionBase(value, name, tag), braces: ["{", "}"], short: prefix(name, tag, "Function") };
  const kind = brand(value, prototype);
  if (kind !== undefined) return kindShape(context, value, kind, name, tag);
  if (glue && glue.state(value) !== undefined) return { keys: shownKeys(context, value), braces: [`${prefix(name, tag, "Promise")}{`, "}"], parts: promiseParts, short: prefix(name, tag, "Promise") };
  const known = prototype === Object.prototype || prototype === null ? undefined : web(value, prototype);
  if (known) return { keys: shownKeys(context, value).filter((each) => !isInside(each)), braces: [`${prefix(name, tag, known.name)}{`, "}"], parts: () => webParts(context, known, level + 1), short: prefix(name, tag, known.name), hollow: !known.pairs.length };
  const before = prefix(name, tag, "Object");
  return { keys: shownKeys(context, value), braces: [`${name === "Object" && tag === "" ? "" : before}{`, "}"], short: before, hollow: true };
}

function kindShape(context, value, kind, name, tag) {
  const before = prefix(name, tag, kind);
  if (isTyped(kind)) {
    return { keys: shownKeys(context, value, true), braces: [`${prefix(name, tag, kind, `(${value.length})`)}[`, "]"], parts: typedParts, short: before, values: value, hollow: !value.length };
  }
  const keys = shownKeys(context, value);
  const named = (base) => (before === `${kind} ` ? base : `${before}${base}`);
  switch (kind) {
    case "Map":
    case "Set": {
      const size = kind === "Map" ? entries(value).length / 2 : items(value).length;
      return { keys, braces: [`${prefix(name, tag, kind, `(${size})`)}{`, "}"], parts: kind === "Map" ? mapParts : setParts, short: before, hollow: !size };
    }
    case "Arguments":
      return { keys, braces: ["[Arguments] {", "}"], short: "Arguments ", hollow: true };
    case "Error":
      return { base: errorBase(context, value, name, tag, keys), keys, braces: ["{", "}"], short: before };
    case "DOMException":
      return { base: errorBase(context, value, `DOMException [${value.name}]`, "", keys), keys, braces: ["{", "}"], short: before };
    case "Date":
      return { base: named(dateText(value)), keys, braces: ["{", "}"], short: before };
    case "RegExp":
      return { base: named(patternText(value)), keys, braces: ["{", "}"], short: before };
    case "ArrayBuffer":
    case "SharedArrayBuffer":
      return { keys, braces: [`${before}{`, "}"], parts: bufferParts, short: before };
    case "DataView":
      return { keys, braces: [`${before}{`, "}"], parts: viewParts, short: before };
    default:
  }
  if (isBoxed(kind)) {
    const inner = unboxed(value, kind);
    if (kind === "String") keys.splice(0, inner.length);
    const what = name === kind ? kind : `${kind} (${name ?? "null prototype"})`;
    return { base: `[${what}: ${primitive({ ...context, maxStringLength: Infinity, breakLength: Infinity }, inner)}]${tag !== "" && tag !== name ? ` [${tag}]` : ""}`, keys, braces: ["{", "}"], short: before };
  }
  return { keys, braces: [`${before}{`, "}"], parts: () => [LONE[kind]], short: before };
}

function drawParts(context, value, level) {
  const shape = shapeOf(context, value, level);
  const { keys, base = "", braces, parts: make, hollow } = shape;
  if (!keys.length && base !== "" && !make) return base;
  if (!keys.length && hollow) return `${braces[0]}${braces[1]}`;
  if (level > context.depth) return shape.short === "RegExp " ? base : shape.short[0] === "[" ? shape.short.slice(0, -1) : `[${shape.short.slice(0, -1)}]`;
  context.seen.push(value);
  context.current = level + 1;
  const parts = make && !(hollow && make !== arrayParts) ? make(context, value, level + 1) : [];
  for (let i = 0; i < keys.length; i++) parts.push(property(context, value, keys[i], level + 1));
  context.seen.pop();
  return finish(context, value, { ...shape, base, parts }, level + 1);
}

function finish(context, value, { base, braces, parts, values }, level) {
  let [open, close] = braces;
  const circle = context.circular.indexOf(value);
  if (circle !== -1) {
    const mark = `<ref *${circle + 1}>`;
    if (context.compact === true) open = `${mark} ${open}`;
    else base = base === "" ? mark : `${mark} ${base}`;
  }
  if (context.sorted && values === undefined) parts.sort(typeof context.sorted === "function" ? context.sorted : undefined);
  return joined(context, parts, base, [open, close], level, values);
}
