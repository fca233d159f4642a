// What Web IDL asks of every class and of every conversion, as plain functions: nothing generic runs in a hot path.
const { defineProperty, getOwnPropertyDescriptor } = Object;
const { apply, ownKeys } = Reflect;
const { toWellFormed } = String.prototype;
const { iterator, toStringTag } = Symbol;
const { isView } = ArrayBuffer;
const { of } = Array;
const SEVERAL = 1000; // a call takes some tens of thousands of arguments
const nameOfArray = getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), toStringTag).get;
const sizeOfBuffer = getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get;

// Members are enumerable, and instances say their class's name. The bundler may have called the class otherwise.
export function publish(Class, name, statics = []) {
  const { prototype } = Class;
  defineProperty(Class, "name", { value: name, configurable: true });
  for (const key of ownKeys(prototype)) {
    if (key === "constructor" || typeof key === "symbol") continue;
    defineProperty(prototype, key, { enumerable: true });
  }
  for (const key of statics) defineProperty(Class, key, { enumerable: true });
  defineProperty(prototype, toStringTag, { value: name, configurable: true });
}

// Constants of an interface: on the class and on its prototype.
export function constants(Class, values) {
  for (const key of ownKeys(values)) {
    const value = { value: values[key], enumerable: true };
    defineProperty(Class, key, value);
    defineProperty(Class.prototype, key, value);
  }
}

export const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

export function illegal(name) {
  return new TypeError(`Illegal invocation: this is no ${name}`);
}

export function needs(count, given, what) {
  if (given < count) throw new TypeError(`${what}: ${count} argument${count === 1 ? "" : "s"} required, but only ${given} present`);
}

// USVString
export const scalar = (value) => apply(toWellFormed, `${value}`, []);

// A list's items in a list of one's own, with nothing looked up: for what is made while a stranger's message is read.
export function copied(list) {
  if (list.length < SEVERAL) return apply(of, Array, list);
  const copy = [];
  for (let i = 0; i < list.length; i++) defineProperty(copy, i, { __proto__: null, value: list[i], writable: true, enumerable: true, configurable: true });
  return copy;
}

// A dictionary: undefined and null are empty.
export function dictionary(value, what) {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypeError(`${what} is not an object`);
  return value;
}

// sequence<sequence<String>> of two each, or record<String, String>: pairs, one after another, converted by `convert`.
export function pairs(init, convert, what) {
  const found = [];
  const iterate = init[iterator];
  if (iterate === undefined || iterate === null) {
    for (const key of ownKeys(init)) {
      const described = getOwnPropertyDescriptor(init, key);
      if (described?.enumerable) found.push(convert(key), convert(init[key]));
    }
    return found;
  }
  if (typeof iterate !== "function") throw new TypeError(`${what}: the iterator is not a function`);
  for (const pair of { [iterator]: () => apply(iterate, init, []) }) {
    if (!isObject(pair)) throw new TypeError(`${what}: an item is no pair`);
    const two = [...pair];
    if (two.length !== 2) throw new TypeError(`${what}: an item is no pair`);
    found.push(convert(two[0]), convert(two[1]));
  }
  return found;
}

// The name of a typed array's class, whatever its prototype says; undefined for anything else.
export const arrayName = (value) => apply(nameOfArray, value, []);

function isBuffer(value) {
  if (typeof value !== "object" || value === null) return false;
  try {
    apply(sizeOfBuffer, value, []);
    return true;
  } catch {
    return false;
  }
}

// A BufferSource's bytes, not copied; undefined for anything else.
export function viewOf(value) {
  if (arrayName(value) === "Uint8Array") return value;
  if (isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return isBuffer(value) ? new Uint8Array(value) : undefined;
}

// What iterates over pairs: entries, keys and values of Headers, FormData and URLSearchParams. at(i) is [name, value] or undefined.
const Iterators = Object.getPrototypeOf(Object.getPrototypeOf([][iterator]()));

export function iterable(Class, called, at) {
  const name = `${called} Iterator`;
  const states = new WeakMap();
  const prototype = Object.create(Iterators, { [toStringTag]: { value: name, configurable: true } });
  const { next } = {
    next() {
      const state = states.get(this);
      if (state === undefined) throw illegal(name);
      const pair = at(state.target, state.index);
      if (pair === undefined) return { value: undefined, done: true };
      state.index++;
      return { value: state.kind === 2 ? [pair[0], pair[1]] : pair[state.kind], done: false };
    },
  };
  defineProperty(prototype, "next", { value: next, writable: true, enumerable: true, configurable: true });
  const make = (target, kind) => {
    at(target, 0); // throws when it is not one
    const made = Object.create(prototype);
    states.set(made, { target, kind, index: 0 });
    return made;
  };
  const members = {
    keys() {
      return make(this, 0);
    },
    values() {
      return make(this, 1);
    },
    entries() {
      return make(this, 2);
    },
    forEach(callback, self) {
      at(this, 0);
      needs(1, arguments.length, "forEach");
      if (typeof callback !== "function") throw new TypeError("forEach takes a function");
      for (let i = 0; ; i++) {
        const pair = at(this, i);
        if (pair === undefined) return;
        apply(callback, self, [pair[1], pair[0], this]);
      }
    },
  };
  for (const key of ownKeys(members)) defineProperty(Class.prototype, key, { value: members[key], writable: true, enumerable: true, configurable: true });
  defineProperty(members.forEach, "length", { value: 1, configurable: true });
  defineProperty(Class.prototype, iterator, { value: members.entries, writable: true, configurable: true });
}
