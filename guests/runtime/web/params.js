// URLSearchParams. Pairs in one list; whoever belongs to a URL tells it when something has changed.
import "./legacy.js";
import urlencoded from "whatwg-url/lib/urlencoded.js";
import { illegal, isObject, iterable, needs, pairs, publish, scalar } from "./idl.js";
import { all, first, holds, pairAt, remove, replace } from "./list.js";
import { setQuery } from "./url.js";

const INSIDE = Symbol("inside");
let guts;

const ENCODED = /[%+]/;
const PLAIN = /^[A-Za-z0-9*\-._]*$/;

// name, value, name, value …; only what is encoded is given to the library
function parse(text) {
  const list = [];
  if (text === "") return list;
  for (const piece of text.split("&")) {
    if (piece === "") continue;
    if (ENCODED.test(piece)) {
      const [pair] = urlencoded.parseUrlencodedString(piece);
      list.push(pair[0], pair[1]);
      continue;
    }
    const equal = piece.indexOf("=");
    if (equal < 0) list.push(piece, "");
    else list.push(piece.slice(0, equal), piece.slice(equal + 1));
  }
  return list;
}

function serialize(list) {
  let text = "";
  for (let i = 0; i < list.length; i += 2) {
    const pair = PLAIN.test(list[i]) && PLAIN.test(list[i + 1]) ? `${list[i]}=${list[i + 1]}` : urlencoded.serializeUrlencoded([[list[i], list[i + 1]]]);
    text = i === 0 ? pair : `${text}&${pair}`;
  }
  return text;
}

function fromInit(init) {
  if (!isObject(init)) {
    const text = scalar(init);
    return parse(text[0] === "?" ? text.slice(1) : text);
  }
  const list = pairs(init, scalar, "search parameters");
  if (init[Symbol.iterator] !== undefined && init[Symbol.iterator] !== null) return list;
  return unique(list);
}

// Of a record, keys that became the same after conversion: the last one counts, at the first one's place.
function unique(list) {
  const kept = new Map();
  for (let i = 0; i < list.length; i += 2) kept.set(list[i], list[i + 1]);
  return [...kept].flat();
}

export class URLSearchParams {
  #list;
  #url = null;

  static {
    guts = {
      is: (value) => isObject(value) && #list in value,
      list: (params) => params.#list,
      renew(params, list) {
        params.#list = list;
      },
    };
  }

  constructor(init = "", list = undefined, url = undefined) {
    if (init === INSIDE) {
      this.#list = list;
      this.#url = url;
      return;
    }
    this.#list = fromInit(init);
  }

  get size() {
    return this.#list.length / 2;
  }

  append(name, value) {
    const list = this.#list;
    needs(2, arguments.length, "append");
    list.push(scalar(name), scalar(value));
    this.#changed();
  }

  delete(name, value = undefined) {
    const list = this.#list;
    needs(1, arguments.length, "delete");
    const key = scalar(name);
    remove(list, key, 0, value === undefined ? undefined : scalar(value));
    this.#changed();
  }

  get(name) {
    const list = this.#list;
    needs(1, arguments.length, "get");
    return first(list, scalar(name));
  }

  getAll(name) {
    const list = this.#list;
    needs(1, arguments.length, "getAll");
    return all(list, scalar(name));
  }

  has(name, value = undefined) {
    const list = this.#list;
    needs(1, arguments.length, "has");
    const key = scalar(name);
    return holds(list, key, value === undefined ? undefined : scalar(value));
  }

  set(name, value) {
    const list = this.#list;
    needs(2, arguments.length, "set");
    const key = scalar(name);
    replace(list, key, scalar(value));
    this.#changed();
  }

  sort() {
    const list = this.#list;
    const tuples = [];
    for (let i = 0; i < list.length; i += 2) tuples.push([list[i], list[i + 1]]);
    tuples.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    for (let i = 0; i < tuples.length; i++) [list[2 * i], list[2 * i + 1]] = tuples[i];
    this.#changed();
  }

  toString() {
    return serialize(this.#list);
  }

  #changed() {
    if (this.#url !== null) setQuery(this.#url, serialize(this.#list) || null);
  }
}
iterable(URLSearchParams, "URLSearchParams", (params, index) => {
  if (!guts.is(params)) throw illegal("URLSearchParams");
  return pairAt(guts.list(params), index);
});
for (const [key, length] of [["has", 1], ["delete", 1]]) Object.defineProperty(URLSearchParams.prototype[key], "length", { value: length, configurable: true });
Object.defineProperty(URLSearchParams, "length", { value: 0, configurable: true });
publish(URLSearchParams, "URLSearchParams");

// ---- for the rest of the house -----------------------------------------------------------------------

export const isParams = (value) => guts.is(value);
export const pairsOf = (params) => guts.list(params);
export const paramsOf = (query, url) => new URLSearchParams(INSIDE, parse(query), url);
export const paramsFrom = (list) => new URLSearchParams(INSIDE, list, null);
export const renew = (params, query) => guts.renew(params, parse(query));
export { parse as parseUrlencoded, serialize as serializeUrlencoded };
