// What a thing really is: asked of the engine's own getters, since prototypes, names and tags may lie.
import { arrayName } from "../web/idl.js";

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
const { apply } = Reflect;
const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;

const mapSize = getter(Map.prototype, "size");
const setSize = getter(Set.prototype, "size");
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const sharedLength = typeof SharedArrayBuffer === "function" ? getter(SharedArrayBuffer.prototype, "byteLength") : undefined;
const viewBuffer = getter(DataView.prototype, "buffer");
const source = getter(RegExp.prototype, "source");
const toText = Object.prototype.toString;

// Each asks with a method that throws for anything else.
const ASK = [
  [Map.prototype, "Map", mapSize],
  [Set.prototype, "Set", setSize],
  [Date.prototype, "Date", Date.prototype.getTime],
  [RegExp.prototype, "RegExp", (value) => apply(source, value, [])],
  [ArrayBuffer.prototype, "ArrayBuffer", bufferLength],
  [DataView.prototype, "DataView", viewBuffer],
  [WeakMap.prototype, "WeakMap", WeakMap.prototype.has, {}],
  [WeakSet.prototype, "WeakSet", WeakSet.prototype.has, {}],
  [Number.prototype, "Number", Number.prototype.valueOf],
  [String.prototype, "String", String.prototype.valueOf],
  [Boolean.prototype, "Boolean", Boolean.prototype.valueOf],
  [BigInt.prototype, "BigInt", BigInt.prototype.valueOf],
  [Symbol.prototype, "Symbol", Symbol.prototype.valueOf],
];
if (typeof DOMException === "function") ASK.push([DOMException.prototype, "DOMException", getter(DOMException.prototype, "name")]);
if (sharedLength) ASK.push([SharedArrayBuffer.prototype, "SharedArrayBuffer", sharedLength]);

function answers(value, [, name, ask, argument]) {
  try {
    if (name === "RegExp") return value !== RegExp.prototype && typeof ask(value) === "string";
    apply(ask, value, [argument]);
    return true;
  } catch {
    return false;
  }
}

const OBJECT = Object.prototype;

// "Map", "Uint8Array", "Error", "Arguments" …; undefined for what is none of the engine's kinds.
export function brand(value, prototype) {
  if (prototype === OBJECT) return apply(toText, value, []) === "[object Arguments]" && !(Symbol.toStringTag in value) ? "Arguments" : Error.isError(value) ? "Error" : undefined;
  const typed = arrayName(value);
  if (typed !== undefined) return typed;
  if (Error.isError(value)) return "Error";
  for (let at = prototype; at !== null && at !== OBJECT; at = getPrototypeOf(at)) {
    for (let i = 0; i < ASK.length; i++) if (ASK[i][0] === at && answers(value, ASK[i])) return ASK[i][1];
  }
  return undefined;
}

export const isTyped = (name) => name !== undefined && name.endsWith("Array");
const VALUE = { __proto__: null, Number, String, Boolean, BigInt, Symbol };
export const isBoxed = (name) => name !== undefined && name in VALUE;
const unboxing = { __proto__: null };
for (const name in VALUE) unboxing[name] = VALUE[name].prototype.valueOf;
export const unboxed = (value, name) => apply(unboxing[name], value, []);

// The items of a Map as [key, value, …], of a Set as [item, …]; never with a patched iterator.
const { forEach: eachEntry } = Map.prototype;
const { forEach: eachItem } = Set.prototype;
export function entries(map) {
  const made = [];
  apply(eachEntry, map, [(value, key) => void made.push(key, value)]);
  return made;
}
export function items(set) {
  const made = [];
  apply(eachItem, set, [(item) => void made.push(item)]);
  return made;
}

const { getTime, toISOString } = Date.prototype;
export function dateText(date) {
  return Number.isNaN(apply(getTime, date, [])) ? "Invalid Date" : apply(toISOString, date, []);
}

const flags = getter(RegExp.prototype, "flags");
export const patternText = (pattern) => `/${apply(source, pattern, [])}/${apply(flags, pattern, [])}`;
export const bytesOf = (buffer) => new Uint8Array(buffer);
