// Headers, as the Fetch standard has them. Names are kept in lower case, in the order they came; combined and sorted when read.
// No name is forbidden: this is a server. What a request may set is decided where it leaves, by the host.
import { copied, illegal, isObject, iterable, needs, pairs, publish } from "./idl.js";
import { all, holds, remove, replace } from "./list.js";

const { hasOwn } = Object;
const { isArray } = Array;
const { apply } = Reflect;
export const GUARDS = ["none", "request", "response", "immutable"];

// Nothing of these looks anything up: the same tests serve what another guest sent, when nothing patched may run.
const { exec } = RegExp.prototype;
const { toLowerCase } = String.prototype;
const NO_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const NO_NAME = /[^!#$%&'*+\-.^_`|~0-9a-z]/;
const NO_VALUE = /[\0\r\n]|[^\0-\xff]/; // ByteString, without what ends a line
const NO_BYTES = /[^\0-\xff]/;
const SPACE = { __proto__: null, "\t": true, "\n": true, "\r": true, " ": true };

const has = (pattern, text) => apply(exec, pattern, [text]) !== null;
export const isToken = (text) => text !== "" && !has(NO_TOKEN, text);
const isValue = (text) => !has(NO_VALUE, text);

export function trimmed(text) {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE[text[start]] === true) start++;
  while (end > start && SPACE[text[end - 1]] === true) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

// Names that nearly everybody writes need no look: as they are written → in lower case.
const USUAL = Object.create(null);
for (const name of ["Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Allow-Origin", "Authorization", "Cache-Control", "Content-Length", "Content-Type", "Cookie", "Date", "ETag", "Host", "Location", "Origin", "Referer", "Set-Cookie", "User-Agent", "Vary", "X-API-Key"])
  for (const spelling of [name, name.toLowerCase()]) USUAL[spelling] = name.toLowerCase();

const shown = (value) => JSON.stringify(value);

function nameOf(value) {
  const name = `${value}`;
  const usual = USUAL[name];
  if (usual !== undefined) return usual;
  if (!isToken(name)) throw new TypeError(`${shown(name)} is no name of a header`);
  return apply(toLowerCase, name, []);
}

function valueOf(value) {
  const text = trimmed(`${value}`);
  if (!isValue(text)) throw new TypeError(`${shown(text)} is no value of a header`);
  return text;
}

const INSIDE = Symbol("inside");
let guts;

export class Headers {
  #list; // name, value, name, value …
  #guard;
  #sorted; // pairs, while nothing has changed

  static {
    guts = {
      list: (headers) => headers.#list,
      guard: (headers) => headers.#guard,
      is: (value) => isObject(value) && #list in value,
      set(headers, list, guard) {
        headers.#list = list;
        headers.#guard = guard;
        headers.#sorted = undefined;
      },
      pair(headers, index) {
        return (headers.#sorted ??= sorted(headers.#list))[index];
      },
    };
  }

  constructor(init = undefined, list = undefined, guard = undefined) {
    if (init === INSIDE) {
      this.#list = list;
      this.#guard = guard;
      return;
    }
    this.#list = [];
    this.#guard = "none";
    if (init !== undefined) this.#list = fromInit(init);
  }

  append(name, value) {
    const list = this.#list;
    needs(2, arguments.length, "append");
    const [key, text] = [nameOf(name), valueOf(value)];
    this.#change();
    list.push(key, text);
  }

  delete(name) {
    const list = this.#list;
    needs(1, arguments.length, "delete");
    const key = nameOf(name);
    this.#change();
    remove(list, key);
  }

  get(name) {
    const list = this.#list;
    needs(1, arguments.length, "get");
    return read(list, nameOf(name));
  }

  getSetCookie() {
    return all(this.#list, "set-cookie");
  }

  has(name) {
    const list = this.#list;
    needs(1, arguments.length, "has");
    return holds(list, nameOf(name));
  }

  set(name, value) {
    const list = this.#list;
    needs(2, arguments.length, "set");
    const [key, text] = [nameOf(name), valueOf(value)];
    this.#change();
    replace(list, key, text);
  }

  #change() {
    if (this.#guard === "immutable") throw new TypeError("these headers cannot be changed");
    this.#sorted = undefined;
  }
}
iterable(Headers, "Headers", (headers, index) => {
  if (!guts.is(headers)) throw illegal("Headers");
  return guts.pair(headers, index);
});
Object.defineProperty(Headers, "length", { value: 0, configurable: true });
publish(Headers, "Headers");

function byteString(value) {
  const text = `${value}`;
  if (USUAL[text] === undefined && has(NO_BYTES, text)) throw new TypeError(`${shown(text)} is beyond what a header holds`);
  return text;
}

function fromInit(init) {
  if (!isObject(init)) throw new TypeError("headers come from an object, or from a list of pairs");
  // another Headers: what was valid there need not be looked at again, unless its iterator is a val's own
  if (guts.is(init) && init[Symbol.iterator] === Headers.prototype.entries) return [...guts.list(init)];
  const list = pairs(init, byteString, "headers");
  for (let i = 0; i < list.length; i += 2) {
    list[i] = nameOf(list[i]);
    list[i + 1] = valueOf(list[i + 1]);
  }
  return list;
}

function read(list, key) {
  let found = null;
  for (let i = 0; i < list.length; i += 2) if (list[i] === key) found = found === null ? list[i + 1] : `${found}, ${list[i + 1]}`;
  return found;
}

// Sorted by name; the values of one name combined, but for set-cookie.
function sorted(list) {
  const names = [];
  for (let i = 0; i < list.length; i += 2) if (!names.includes(list[i])) names.push(list[i]);
  names.sort();
  const found = [];
  for (const name of names) {
    if (name !== "set-cookie") found.push([name, read(list, name)]);
    else for (let i = 0; i < list.length; i += 2) if (list[i] === name) found.push([name, list[i + 1]]);
  }
  return found;
}

// ---- for the rest of the house -----------------------------------------------------------------------

// Headers of a list [name, value, name, value …] that is known to be good: names in lower case.
export const headersOf = (list, guard) => new Headers(INSIDE, list, guard);
export const isHeaders = (value) => guts.is(value);
export const listOf = (headers) => guts.list(headers);
export const guardOf = (headers) => guts.guard(headers);
// What a content-type, and the like, is in a list; null when there is none.
export const readFrom = read;

// Headers of anything that `new Headers` takes, with a guard; foreign ones have crossed by copy before they come here.
export const headersFrom = (init, guard) => headersOf(init === undefined ? [] : fromInit(init), guard);

export function setDefault(headers, key, text) {
  const list = guts.list(headers);
  if (holds(list, key)) return;
  guts.set(headers, [...list, key, text], guts.guard(headers));
}

// A list that another guest sent: runs nothing that a val could have patched, and refuses what `append` would refuse.
export function checkedList(list) {
  if (!isArray(list) || list.length % 2) throw new TypeError("these are no headers");
  for (let i = 0; i < list.length; i++) {
    if (!hasOwn(list, i) || typeof list[i] !== "string") throw new TypeError("these are no headers");
    if (i % 2 ? !isGoodValue(list[i]) : !isGoodName(list[i])) throw new TypeError("these are no headers");
  }
  return copied(list); // its own: the sender may have named the array elsewhere
}

const isGoodName = (text) => text !== "" && !has(NO_NAME, text);
const isGoodValue = (text) => isValue(text) && !(text.length && (SPACE[text[0]] || SPACE[text[text.length - 1]]));
