// The platform's classes as people know them from Node and Deno: by class, the members that are shown.
// A class not in the table is drawn like any other.
const TABLE = {
  __proto__: null,
  URL: ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"],
  Request: ["method", "url", "headers", "redirect", "signal", "bodyUsed"],
  Response: ["status", "statusText", "headers", "body", "bodyUsed", "ok", "redirected", "type", "url"],
  Blob: ["size", "type"],
  File: ["size", "type", "name", "lastModified"],
  AbortController: ["signal"],
  AbortSignal: ["aborted"],
  Event: ["type", "defaultPrevented", "cancelable", "timeStamp"],
  CustomEvent: ["type", "detail", "defaultPrevented", "cancelable", "timeStamp"],
  TextEncoder: ["encoding"],
  TextDecoder: ["encoding", "fatal", "ignoreBOM"],
  ReadableStream: ["locked"],
  WritableStream: ["locked"],
  TransformStream: ["readable", "writable"],
};
// Name → value, drawn as a plain object or, where names repeat, as a Map's entries.
const LISTS = { __proto__: null, Headers: false, URLSearchParams: true, FormData: true };

const { getPrototypeOf, hasOwn } = Object;
const { apply } = Reflect;
const classes = new WeakMap(); // prototype → [name, draw]

// A class of the platform's: it has no source to tell that it is one.
export const isWebClass = (value) => hasOwn(value, "prototype") && classes.get(value.prototype) !== undefined;

// What the libraries keep on an object is no member of the platform's.
export const isInside = (key) => typeof key === "string" && (key[0] === "_" || key === "isTrusted");

function members(names) {
  return (value) => {
    const made = [];
    for (let i = 0; i < names.length; i++) if (names[i] in value) made.push([names[i], value[names[i]]]);
    return made;
  };
}

function list(forEach) {
  return (value) => {
    const made = [];
    apply(forEach, value, [(item, name) => void made.push([name, item])]);
    return made;
  };
}

// Called at boot, when the classes are installed.
export function learn(global) {
  for (const name in TABLE) if (hasOwn(global, name)) classes.set(global[name].prototype, [name, members(TABLE[name]), false]);
  for (const name in LISTS) if (hasOwn(global, name)) classes.set(global[name].prototype, [name, list(global[name].prototype.forEach), LISTS[name]]);
}

// {name, pairs, arrows} of an object of such a class or of a subclass, else undefined
export function web(value, prototype) {
  for (let at = prototype; at !== null; at = getPrototypeOf(at)) {
    const known = classes.get(at);
    if (!known) continue;
    if (at === value) return undefined;
    try {
      return { name: known[0], pairs: known[1](value), arrows: known[2] };
    } catch {
      return undefined; // it is none
    }
  }
  return undefined;
}
