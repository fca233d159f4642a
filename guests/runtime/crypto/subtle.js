// crypto.subtle: arguments read and copied at the call, names and usages checked, then one of the algorithms is asked.
import { copied, fromLatin } from "./bytes.js";
import { derivers } from "./derive.js";
import { fail } from "./fail.js";
import { readJwk } from "./jwk.js";
import { insistKey, readUsages } from "./key.js";
import { long, normalizer } from "./normal.js";
import { curves, rsa } from "./pairs.js";
import { aes, digests, hmac } from "./symmetric.js";

const { defineProperty } = Object;
const { parse, stringify } = JSON;
const FORMATS = ["raw", "pkcs8", "spki", "jwk"];

function readFormat(value) {
  const format = `${value}`;
  if (!FORMATS.includes(format)) throw new TypeError(`${format} is no format of a key: ${FORMATS.join(", ")}`);
  return format;
}

function readKeyData(format, value) {
  if (format === "jwk") return readJwk(value);
  return copied(value);
}

// A private or secret key that is for nothing is a mistake.
function insistUseful(made) {
  const key = made.privateKey ?? made;
  if (key.type !== "public" && !key.usages.length) fail("SyntaxError", `a ${key.type} key is made for something: its usages are empty`);
  return made;
}

function insistUse(key, it, usage) {
  if (key.algorithm.name !== it.name) fail("InvalidAccessError", `this is a key of ${key.algorithm.name}, not of ${it.name}`);
  if (!key.usages.includes(usage)) fail("InvalidAccessError", `this key was not made for ${usage}`);
}

export function makeSubtle(ask, glue) {
  const keyOf = (value) => insistKey(glue, value);
  const registry = Object.create(null);
  const all = [...digests(ask), hmac(ask, glue), ...aes(ask, glue), ...derivers(ask), ...rsa(ask), ...curves(ask, keyOf)];
  for (const algorithm of all) registry[algorithm.name.toLowerCase()] = algorithm;
  const { normalize, supports } = normalizer(registry);

  async function exported(format, slots) {
    const { exportKey } = registry[slots.algorithm.name.toLowerCase()];
    if (exportKey === undefined) fail("NotSupportedError", `keys of ${slots.algorithm.name} are not exported`);
    if (!slots.extractable) fail("InvalidAccessError", "this key is not extractable");
    return exportKey(slots, format);
  }

  async function imported(it, format, data, extractable, usages) {
    return insistUseful(await it.entry.importKey(it, format, data, extractable, usages));
  }

  // One pass over some data under a key: encrypt, decrypt, sign.
  const pass = (operation) =>
    async function (algorithm, key, data) {
      const [slots, bytes] = [keyOf(key), copied(data)];
      const it = normalize(operation, algorithm);
      insistUse(slots, it, operation);
      return it.entry[operation](it, slots, bytes);
    };

  class SubtleCrypto {
    constructor() {
      throw new TypeError("Illegal constructor");
    }
  }

  const methods = {
    encrypt: pass("encrypt"),
    decrypt: pass("decrypt"),
    sign: pass("sign"),
    async verify(algorithm, key, signature, data) {
      const [slots, signed, bytes] = [keyOf(key), copied(signature), copied(data)];
      const it = normalize("verify", algorithm);
      insistUse(slots, it, "verify");
      return it.entry.verify(it, slots, signed, bytes);
    },
    async digest(algorithm, data) {
      const bytes = copied(data);
      const it = normalize("digest", algorithm);
      return it.entry.digest(it, bytes);
    },
    async generateKey(algorithm, extractable, keyUsages) {
      const usages = readUsages(keyUsages);
      const it = normalize("generateKey", algorithm);
      return insistUseful(await it.entry.generateKey(it, !!extractable, usages));
    },
    async deriveBits(algorithm, baseKey, length = null) {
      const slots = keyOf(baseKey);
      const bits = length === null ? null : long(length);
      const it = normalize("deriveBits", algorithm);
      insistUse(slots, it, "deriveBits");
      return it.entry.deriveBits(it, slots, bits);
    },
    async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
      const [slots, usages] = [keyOf(baseKey), readUsages(keyUsages)];
      const it = normalize("deriveBits", algorithm);
      const wanted = normalize("importKey", derivedKeyType);
      const sized = normalize("keyLength", derivedKeyType);
      insistUse(slots, it, "deriveKey");
      const secret = await it.entry.deriveBits(it, slots, sized.entry.keyLength(sized));
      return imported(wanted, "raw", secret, extractable, usages);
    },
    async importKey(keyFormat, keyData, algorithm, extractable, keyUsages) {
      const [format, usages] = [readFormat(keyFormat), readUsages(keyUsages)];
      const data = readKeyData(format, keyData);
      const it = normalize("importKey", algorithm);
      return imported(it, format, data, !!extractable, usages);
    },
    async exportKey(format, key) {
      return exported(readFormat(format), keyOf(key));
    },
    async wrapKey(keyFormat, key, wrappingKey, wrapAlgorithm) {
      const [format, slots, wrapping] = [readFormat(keyFormat), keyOf(key), keyOf(wrappingKey)];
      const it = normalize(supports("wrapKey", wrapAlgorithm) ? "wrapKey" : "encrypt", wrapAlgorithm);
      insistUse(wrapping, it, "wrapKey");
      const plain = await exported(format, slots);
      return (it.entry.wrapKey ?? it.entry.encrypt)(it, wrapping, format === "jwk" ? fromLatin(stringify(plain)) : plain);
    },
    async unwrapKey(keyFormat, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
      const [format, usages, wrapping] = [readFormat(keyFormat), readUsages(keyUsages), keyOf(unwrappingKey)];
      const wrapped = copied(wrappedKey);
      const it = normalize(supports("unwrapKey", unwrapAlgorithm) ? "unwrapKey" : "decrypt", unwrapAlgorithm);
      const wanted = normalize("importKey", unwrappedKeyAlgorithm);
      insistUse(wrapping, it, "unwrapKey");
      const plain = await (it.entry.unwrapKey ?? it.entry.decrypt)(it, wrapping, wrapped);
      return imported(wanted, format, format === "jwk" ? unwrappedJwk(plain) : plain, !!extractable, usages);
    },
  };

  function unwrappedJwk(plain) {
    try {
      return readJwk(parse(glue.decodeText(plain, true)));
    } catch {
      return fail("DataError", "what was wrapped is no JWK");
    }
  }

  for (const name of Object.keys(methods)) {
    defineProperty(methods[name], "name", { value: name, configurable: true });
    defineProperty(SubtleCrypto.prototype, name, { value: methods[name], writable: true, configurable: true, enumerable: true });
  }
  defineProperty(SubtleCrypto.prototype, Symbol.toStringTag, { value: "SubtleCrypto", configurable: true });
  return { SubtleCrypto, subtle: Object.create(SubtleCrypto.prototype) };
}
