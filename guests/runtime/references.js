// What the compiled code of a val calls for its references: `$` in guests/compiler/README.md. One object a unit.
import { named } from "./born.js";
import { Fragment, factory, jsx } from "./jsx.js";
import { readSecret, secrets } from "./secret.js";
import * as val from "./val.js";

const { parse } = JSON;
const { is } = Object;
const { isError } = Error;

const spell = (ref) => `@${ref.owner}.${ref.name}${ref.version === null ? "" : `@${ref.version}`}`;

function missing(ref, what) {
  return function () {
    throw new TypeError(`${spell(ref)} is not a ${what}`);
  };
}

// The last thing thrown that is no error: such a thing has no stack of its own.
let last;

// Where a thing that is no error was thrown, if that is known.
export const placeOf = (thrown) => (last && is(last.thrown, thrown) ? last.stack : "");

// An object with an accessor, for destructuring targets.
class Slot {
  #get;
  #set;
  constructor(get, set) {
    this.#get = get;
    this.#set = set;
  }
  get v() {
    return this.#get();
  }
  set v(value) {
    this.#set(value);
  }
}

// A val's name, for api(). Only the compiler makes one: what else looks like it has no such field, and is asked nothing.
class Name {
  #ref;
  constructor({ owner, name, version }) {
    this.#ref = { owner, name, version };
    Object.assign(this, this.#ref);
    Object.freeze(this);
  }
  static of(thing) {
    return thing !== null && typeof thing === "object" && #ref in thing ? thing.#ref : undefined;
  }
}
export const nameOf = Name.of;

// A class, so that a unit costs one object and not one for each method: a guest's first touch of a page is dear.
class References {
  #host;
  #refs;
  constructor(host, refs) {
    this.#host = host;
    this.#refs = refs;
  }
  get(i) {
    return val.read(this.#host, this.#refs[i]);
  }
  fn(i) {
    const value = this.get(i);
    return typeof value === "function" ? value : missing(this.#refs[i], "function");
  }
  ctor(i) {
    const value = this.get(i);
    return typeof value === "function" ? value : missing(this.#refs[i], "constructor");
  }
  set(i, value) {
    return val.write(this.#host, this.#refs[i], value);
  }
  update(i, op, value) {
    return val.update(this.#host, this.#refs[i], op, value);
  }
  test(i, op) {
    return val.needed(op, this.get(i));
  }
  step(i, delta, prefix) {
    return val.increment(this.#host, this.#refs[i], delta, prefix);
  }
  delete(i) {
    return val.remove(this.#host, this.#refs[i]);
  }
  slot(i) {
    return new Slot(
      () => this.get(i),
      (value) => this.set(i, value),
    );
  }
  deepGet(i, keys) {
    return val.deepGet(this.#host, this.#refs[i], keys);
  }
  deepSet(i, keys, value) {
    return val.deepSet(this.#host, this.#refs[i], keys, value);
  }
  deepUpdate(i, keys, op, value) {
    return val.deepUpdate(this.#host, this.#refs[i], keys, op, value);
  }
  deepTest(i, keys, op) {
    return val.needed(op, this.deepGet(i, keys));
  }
  deepStep(i, keys, delta, prefix) {
    return val.deepStep(this.#host, this.#refs[i], keys, delta, prefix);
  }
  deepDelete(i, keys) {
    return val.deepDelete(this.#host, this.#refs[i], keys);
  }
  deepSlot(i, keys) {
    return new Slot(
      () => this.deepGet(i, keys),
      (value) => this.deepSet(i, keys, value),
    );
  }
  method(i, keys, args) {
    return val.method(this.#host, this.#refs[i], keys, args);
  }
  secret(i) {
    return readSecret(this.#host, this.#refs[i].owner, this.#refs[i].name);
  }
  secrets(i) {
    return secrets(this.#host, this.#refs[i].owner);
  }
  name(i) {
    return new Name(this.#refs[i]);
  }
  // again: what is thrown has a name, so it may have been caught before
  thrown(value, again) {
    if (!isError(value) && !(again && placeOf(value))) last = { thrown: value, stack: String(new Error().stack) };
    return value;
  }
  jsx(type, props) {
    return jsx(type, props);
  }
  h(own) {
    return factory(own);
  }
  get Fragment() {
    return Fragment;
  }
  import(specifier) {
    return Promise.reject(named("NotSupportedError", `import(${JSON.stringify(String(specifier))}) is not supported yet`));
  }
}

// list: the unit's references as JSON: [{owner, name, version, use}, …]
export const references = (host, list) => new References(host, parse(list));
