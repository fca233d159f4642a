// crypto: randomness, and crypto.subtle. The other half is host_api/capabilities/crypto.py; fresh random bytes are the engine's.
import { install } from "./born.js";
import { viewLength } from "./crypto/bytes.js";
import { fail, renamed } from "./crypto/fail.js";
import { installKey } from "./crypto/key.js";
import { makeSubtle } from "./crypto/subtle.js";
import { arrayName } from "./web/idl.js";

const { defineProperty } = Object;
const { isView } = ArrayBuffer;
const QUOTA = 65536;
const INTEGERS = ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array"];
const HEX = Array.from({ length: 256 }, (_, byte) => (byte < 16 ? "0" : "") + byte.toString(16));

// The operations, by the numbers that host_api/capabilities/crypto.py gives them.
const OPS = {
  __proto__: null,
  digest: 1,
  hmacSign: 2,
  hmacVerify: 3,
  gcm: 4,
  cbc: 5,
  ctr: 6,
  wrap: 7,
  pbkdf2: 8,
  hkdf: 9,
  generateRsa: 10,
  generateCurve: 11,
  halve: 12,
  take: 13,
  build: 14,
  part: 15,
  rsaSign: 16,
  rsaVerify: 17,
  oaep: 18,
  ecdsaSign: 19,
  ecdsaVerify: 20,
  edSign: 21,
  edVerify: 22,
  agree: 23,
};

export function installCrypto(host, global) {
  const { glue } = host;

  async function ask(op, ...values) {
    try {
      return await host.call("crypto", OPS[op], ...values);
    } catch (error) {
      throw renamed(error);
    }
  }

  const { SubtleCrypto, subtle } = makeSubtle(ask, glue);

  class Crypto {
    constructor() {
      throw new TypeError("Illegal constructor");
    }

    get subtle() {
      return subtle;
    }

    getRandomValues(array) {
      if (!isView(array)) throw new TypeError("getRandomValues takes a typed array");
      if (!INTEGERS.includes(arrayName(array))) fail("TypeMismatchError", "getRandomValues takes a typed array of integers");
      if (viewLength(array) > QUOTA) fail("QuotaExceededError", `getRandomValues fills ${QUOTA} bytes at a time at most`);
      return glue.fill(array);
    }

    randomUUID() {
      const bytes = glue.fill(new Uint8Array(16));
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      let text = "";
      for (let i = 0; i < 16; i++) text += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + HEX[bytes[i]];
      return text;
    }
  }

  for (const name of ["subtle", "getRandomValues", "randomUUID"]) defineProperty(Crypto.prototype, name, { enumerable: true });
  defineProperty(Crypto.prototype, Symbol.toStringTag, { value: "Crypto", configurable: true });
  install(global, { Crypto, SubtleCrypto, crypto: Object.create(Crypto.prototype) });
  installKey(glue, global);
  glue.native(Crypto, SubtleCrypto);
}
