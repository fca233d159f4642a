// Hashes, HMAC, AES: keys are raw bytes.
import { copied, firstBits, fromBase64Url, joined, sizeOf, toBase64Url } from "./bytes.js";
import { fail } from "./fail.js";
import { insistAlg, insistJwk, jwkOf } from "./jwk.js";
import { insistUsages, makeKey } from "./key.js";
import { bytes, hashed, long, octet, optional, short } from "./normal.js";

const BLOCK_BITS = { __proto__: null, "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };
const HMAC_ALG = { __proto__: null, "SHA-1": "HS1", "SHA-256": "HS256", "SHA-384": "HS384", "SHA-512": "HS512" };
const CIPHERS = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const TAGS = [32, 64, 96, 104, 112, 120, 128];

const fresh = (glue, bits) => glue.fill(new Uint8Array(Math.ceil(bits / 8))).buffer;

// The bytes of a key that comes raw or as a JWK of type "oct".
function secretBytes(it, format, data, use, extractable, usages) {
  if (format === "raw") return data;
  if (format !== "jwk") fail("NotSupportedError", `a key of ${it.name} is imported as raw or jwk, not as ${format}`);
  insistJwk(data, "oct", use, extractable, usages);
  return fromBase64Url(data.k, "k");
}

function exportSecret(slots, format, alg) {
  if (format === "raw") return copied(slots.bytes);
  if (format === "jwk") return jwkOf(slots, "oct", { k: toBase64Url(slots.bytes), alg });
  return fail("NotSupportedError", `a key of ${slots.algorithm.name} is exported as raw or jwk, not as ${format}`);
}

export function digests(ask) {
  return Object.keys(BLOCK_BITS).map((name) => ({ name, params: { __proto__: null, digest: {} }, digest: (it, data) => ask("digest", name, data) }));
}

export function hmac(ask, glue) {
  const name = "HMAC";
  const shape = { hash: hashed, length: optional(long) };
  const keyLength = (it) => {
    if (it.length === 0) fail("OperationError", "a key of HMAC has one bit or more");
    return it.length ?? BLOCK_BITS[it.hash];
  };
  const make = (it, key, bits, extractable, usages) => makeKey("secret", extractable, usages, { name, hash: it.hash, length: bits }, key);
  return {
    name,
    params: { __proto__: null, sign: {}, verify: {}, generateKey: shape, importKey: shape, exportKey: {}, keyLength: shape },
    keyLength,
    sign: (it, key, data) => ask("hmacSign", key.algorithm.hash, key.bytes, data),
    verify: (it, key, signature, data) => ask("hmacVerify", key.algorithm.hash, key.bytes, signature, data),
    generateKey(it, extractable, usages) {
      insistUsages(usages, ["sign", "verify"], "key of HMAC");
      const bits = keyLength(it);
      if (bits > 1 << 20) fail("OperationError", "this is longer than any key of HMAC is made");
      return make(it, firstBits(fresh(glue, bits), bits), bits, extractable, usages);
    },
    importKey(it, format, data, extractable, usages) {
      insistUsages(usages, ["sign", "verify"], "key of HMAC");
      const key = secretBytes(it, format, data, "sig", extractable, usages);
      if (format === "jwk") insistAlg(data, HMAC_ALG[it.hash]);
      const most = sizeOf(key) * 8;
      const bits = it.length ?? most;
      if (most === 0 || bits > most || bits <= most - 8) fail("DataError", "a key of HMAC has as many bits as it says, and one or more");
      return make(it, firstBits(key, bits), bits, extractable, usages);
    },
    exportKey: (slots, format) => exportSecret(slots, format, HMAC_ALG[slots.algorithm.hash]),
  };
}

export function aes(ask, glue) {
  const length = { length: short };
  const keyLength = (it) => {
    if (![128, 192, 256].includes(it.length)) fail("OperationError", "a key of AES has 128, 192 or 256 bits");
    return it.length;
  };

  function cipher(mode, allowed, params, methods) {
    const name = `AES-${mode}`;
    const make = (key, extractable, usages) => makeKey("secret", extractable, usages, { name, length: sizeOf(key) * 8 }, key);
    return {
      name,
      params: { __proto__: null, ...params, generateKey: length, importKey: {}, exportKey: {}, keyLength: length },
      keyLength,
      ...methods,
      generateKey(it, extractable, usages) {
        insistUsages(usages, allowed, `key of ${name}`);
        return make(fresh(glue, keyLength(it)), extractable, usages);
      },
      importKey(it, format, data, extractable, usages) {
        insistUsages(usages, allowed, `key of ${name}`);
        const key = secretBytes(it, format, data, "enc", extractable, usages);
        if (![16, 24, 32].includes(sizeOf(key))) fail("DataError", "a key of AES has 128, 192 or 256 bits");
        if (format === "jwk") insistAlg(data, `A${sizeOf(key) * 8}${mode}`);
        return make(key, extractable, usages);
      },
      exportKey: (slots, format) => exportSecret(slots, format, `A${slots.algorithm.length}${mode}`),
    };
  }

  const gcm = { iv: bytes, additionalData: optional(bytes), tagLength: optional(octet) };
  const runGcm = (seal) => (it, key, data) => {
    const tag = it.tagLength ?? 128;
    if (!TAGS.includes(tag)) fail("OperationError", `AES-GCM takes a tagLength of ${TAGS.join(", ")}`);
    return ask("gcm", seal, key.bytes, it.iv, data, it.additionalData ?? joined(), tag / 8);
  };
  const runCbc = (seal) => (it, key, data) => ask("cbc", seal, key.bytes, it.iv, data);
  const runCtr = (it, key, data) => ask("ctr", key.bytes, it.counter, it.length, data);
  const both = (shape) => ({ encrypt: shape, decrypt: shape });
  return [
    cipher("GCM", CIPHERS, both(gcm), { encrypt: runGcm(true), decrypt: runGcm(false) }),
    cipher("CBC", CIPHERS, both({ iv: bytes }), { encrypt: runCbc(true), decrypt: runCbc(false) }),
    cipher("CTR", CIPHERS, both({ counter: bytes, length: octet }), { encrypt: runCtr, decrypt: runCtr }),
    cipher("KW", ["wrapKey", "unwrapKey"], { wrapKey: {}, unwrapKey: {} }, {
      wrapKey: (it, key, data) => ask("wrap", true, key.bytes, data),
      unwrapKey: (it, key, data) => ask("wrap", false, key.bytes, data),
    }),
  ];
}
