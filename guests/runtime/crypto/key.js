// CryptoKey. What it is made of stays in a private field: no getter, and so nobody else's code, ever sees the bytes.
import { install } from "../born.js";
import { copied } from "./bytes.js";
import { fail } from "./fail.js";

const { defineProperty, freeze } = Object;
export const USAGES = freeze(["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"]);

let making;
let slotsOf;

export class CryptoKey {
  #slots;

  constructor() {
    if (making === undefined) throw new TypeError("Illegal constructor");
    this.#slots = making;
  }

  static {
    slotsOf = (value) => (value !== null && typeof value === "object" && #slots in value ? value.#slots : undefined);
  }

  get type() {
    return this.#slots.type;
  }

  get extractable() {
    return this.#slots.extractable;
  }

  get algorithm() {
    return this.#slots.shown;
  }

  get usages() {
    return this.#slots.usages;
  }
}
for (const name of ["type", "extractable", "algorithm", "usages"]) defineProperty(CryptoKey.prototype, name, { enumerable: true });
defineProperty(CryptoKey.prototype, Symbol.toStringTag, { value: "CryptoKey", configurable: true });

// slots: type, extractable, usages, bytes (raw, PKCS#8 or SubjectPublicKeyInfo) and algorithm: name, hash, length, namedCurve …
export function makeKey(type, extractable, usages, algorithm, bytes) {
  making = { __proto__: null, type, extractable: !!extractable, usages: freeze(usages), algorithm, bytes, shown: shown(algorithm) };
  try {
    return new CryptoKey();
  } finally {
    making = undefined;
  }
}

// What everybody may look at; the key goes by its slots, so what is done to this changes nothing.
function shown(algorithm) {
  const visible = {};
  for (const member in algorithm) {
    const value = algorithm[member];
    if (member === "hash") visible.hash = freeze({ name: value });
    else if (member === "publicExponent") visible.publicExponent = new Uint8Array(copied(value));
    else visible[member] = value;
  }
  return freeze(visible);
}

// The slots of an argument that is to be a key of this guest's.
export function insistKey(glue, value) {
  const slots = slotsOf(value);
  if (slots !== undefined) return slots;
  if (glue.foreign(value)) fail("InvalidAccessError", "this CryptoKey is in another owner's code, which can hand over a function that uses it, but not the key");
  throw new TypeError("this takes a CryptoKey");
}

// Usages as a fresh list, each once and in the standard's order.
export function readUsages(value) {
  if (value === null || typeof value !== "object") throw new TypeError("the usages of a key are a list");
  const wanted = Object.create(null);
  for (const usage of value) {
    const name = `${usage}`;
    if (!USAGES.includes(name)) throw new TypeError(`${name} is no usage of a key`);
    wanted[name] = true;
  }
  return USAGES.filter((name) => name in wanted);
}

// Of these usages only `allowed` make sense.
export function insistUsages(usages, allowed, what) {
  for (let i = 0; i < usages.length; i++) {
    if (!allowed.includes(usages[i])) fail("SyntaxError", `a ${what} cannot be made for ${usages[i]}`);
  }
}

export const among = (usages, allowed) => usages.filter((usage) => allowed.includes(usage));

export function installKey(glue, global) {
  install(global, { CryptoKey });
  glue.native(CryptoKey);
}
