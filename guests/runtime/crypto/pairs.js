// Keys with two halves: RSA and curves. A private key is PKCS#8, a public one SubjectPublicKeyInfo; the host reads and writes both.
import { copied, firstBits, fromBase64Url, joined, packed, sizeOf, toBase64Url, unpacked } from "./bytes.js";
import { fail } from "./fail.js";
import { insistAlg, insistJwk, jwkOf } from "./jwk.js";
import { among, insistUsages, makeKey } from "./key.js";
import { bigInteger, bytes, hashed, long, optional, text } from "./normal.js";

const { clz32 } = Math;
const RSA_FIELDS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
const OCTETS = { __proto__: null, "P-256": 32, "P-384": 48, "P-521": 66, Ed25519: 32, X25519: 32 };
const ECDSA_ALG = { __proto__: null, "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

// What both families share. `kind` is the host's word for the key; `fields` and `jwk` translate between it and JWK.
function family(ask, { name, uses, kindOf, algorithmOf, fieldsOf, jwkMembers, raw }) {
  const make = async (it, isPrivate, bytes, extractable, usages) =>
    makeKey(isPrivate ? "private" : "public", extractable, usages, await algorithmOf(it, isPrivate, bytes), bytes);

  function insistFor(isPrivate, usages) {
    insistUsages(usages, isPrivate ? uses.private : uses.public, `${isPrivate ? "private" : "public"} key of ${name}`);
  }

  const importers = {
    __proto__: null,
    spki: (it, data) => [false, () => ask("take", kindOf(it), false, data)],
    pkcs8: (it, data) => [true, () => ask("take", kindOf(it), true, data)],
    jwk: (it, jwk) => [jwk.d !== undefined, (isPrivate) => ask("build", kindOf(it), isPrivate, packed(...fieldsOf(it, jwk, isPrivate)))],
    raw: raw ? (it, data) => [false, () => ask("build", kindOf(it), false, packed(data))] : undefined,
  };
  return {
    async generatePair(it, bytes, extractable, usages) {
      const half = await ask("halve", kindOf(it), bytes);
      return {
        publicKey: await make(it, false, half, true, among(usages, uses.public)),
        privateKey: await make(it, true, bytes, extractable, among(usages, uses.private)),
      };
    },
    insistPair(usages) {
      insistUsages(usages, [...uses.public, ...uses.private], `key of ${name}`);
      if (!among(usages, uses.private).length) fail("SyntaxError", `a private key of ${name} is made for something: ${uses.private.join(", ")}`);
    },
    async importKey(it, format, data, extractable, usages) {
      const importer = importers[format];
      if (importer === undefined) fail("NotSupportedError", `a key of ${name} is not imported as ${format}`);
      const [isPrivate, read] = importer(it, data);
      insistFor(isPrivate, usages);
      if (format === "jwk") insistJwk(data, it.kty, uses.jwk, extractable, usages);
      return make(it, isPrivate, await read(isPrivate), extractable, usages);
    },
    async exportKey(slots, format) {
      const isPrivate = slots.type === "private";
      const kind = kindOf(slots.algorithm);
      if (!(format in importers) || (format === "raw" && !raw)) fail("NotSupportedError", `a key of ${name} is not exported as ${format}`);
      if (format !== "jwk" && isPrivate !== (format === "pkcs8")) fail("InvalidAccessError", `a ${slots.type} key is not exported as ${format}`);
      if (format === "pkcs8" || format === "spki") return copied(slots.bytes);
      const fields = unpacked(await ask("part", kind, isPrivate, slots.bytes));
      return format === "raw" ? fields[0] : jwkOf(slots, jwkMembers.kty, jwkMembers(slots, fields, isPrivate));
    },
  };
}

export function rsa(ask) {
  function variant(name, uses, alg, params, methods) {
    const members = (slots, fields) => {
      const jwk = { alg: alg(slots.algorithm.hash) };
      for (let i = 0; i < fields.length; i++) jwk[RSA_FIELDS[i]] = toBase64Url(fields[i]);
      return jwk;
    };
    members.kty = "RSA";
    const shared = family(ask, {
      name,
      uses,
      kindOf: () => "RSA",
      async algorithmOf(it, isPrivate, bytes) {
        const [n, publicExponent] = unpacked(await ask("part", "RSA", isPrivate, bytes));
        const modulusLength = sizeOf(n) * 8 - clz32(new Uint8Array(n)[0]) + 24;
        return { name, modulusLength, publicExponent, hash: it.hash };
      },
      fieldsOf(it, jwk, isPrivate) {
        insistAlg(jwk, alg(it.hash));
        if (jwk.oth !== undefined) fail("NotSupportedError", "RSA keys of more than two primes are not supported");
        return (isPrivate ? RSA_FIELDS : RSA_FIELDS.slice(0, 2)).map((field) => fromBase64Url(jwk[field], field));
      },
      jwkMembers: members,
    });
    return {
      name,
      params: { __proto__: null, generateKey: { modulusLength: long, publicExponent: bigInteger, hash: hashed }, importKey: { hash: hashed }, exportKey: {}, ...params },
      ...methods,
      async generateKey(it, extractable, usages) {
        shared.insistPair(usages);
        const octets = new Uint8Array(it.publicExponent);
        let exponent = 0;
        for (let i = 0; i < octets.length; i++) exponent = Math.min(exponent * 256 + octets[i], 2 ** 32);
        return shared.generatePair(it, await ask("generateRsa", it.modulusLength, exponent), extractable, usages);
      },
      importKey: (it, ...rest) => shared.importKey({ ...it, kty: "RSA" }, ...rest),
      exportKey: shared.exportKey,
    };
  }

  const number = (hash) => hash.slice(4);
  const signs = { public: ["verify"], private: ["sign"], jwk: "sig" };
  const ciphers = { public: ["encrypt", "wrapKey"], private: ["decrypt", "unwrapKey"], jwk: "enc" };
  const signer = (name) => ({
    sign: (it, key, data) => ask("rsaSign", name, key.algorithm.hash, it.saltLength ?? 0, key.bytes, data),
    verify: (it, key, signature, data) => ask("rsaVerify", name, key.algorithm.hash, it.saltLength ?? 0, key.bytes, signature, data),
  });
  const both = (shape) => ({ sign: shape, verify: shape });
  const label = { label: optional(bytes) };
  const oaep = (seal) => (it, key, data) => ask("oaep", seal, key.algorithm.hash, it.label ?? joined(), key.bytes, data);
  return [
    variant("RSASSA-PKCS1-v1_5", signs, (hash) => `RS${number(hash)}`, both({}), signer("RSASSA-PKCS1-v1_5")),
    variant("RSA-PSS", signs, (hash) => `PS${number(hash)}`, both({ saltLength: long }), signer("RSA-PSS")),
    variant("RSA-OAEP", ciphers, (hash) => (hash === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${number(hash)}`), { encrypt: label, decrypt: label }, { encrypt: oaep(true), decrypt: oaep(false) }),
  ];
}

export function curves(ask, keyOf) {
  const signs = { public: ["verify"], private: ["sign"], jwk: "sig" };
  const agrees = { public: [], private: ["deriveKey", "deriveBits"], jwk: "enc" };

  // A variant has either a parameter namedCurve (kty EC), or one curve of its own name (kty OKP).
  function variant(name, uses, named, params, methods) {
    const kindOf = (it) => (named ? it.namedCurve : name);
    const kty = named ? "EC" : "OKP";
    const insist = (it) => {
      if (named && !(it.namedCurve in OCTETS && it.namedCurve[0] === "P")) fail("NotSupportedError", `the curve ${it.namedCurve} is not supported`);
      return { ...it, kty };
    };
    const members = (slots, fields, isPrivate) => {
      const kind = kindOf(slots.algorithm);
      const point = fields[fields.length - 1];
      const size = OCTETS[kind];
      const jwk = { crv: kind, x: toBase64Url(named ? copied(new Uint8Array(point, 1, size)) : point) };
      if (named) jwk.y = toBase64Url(copied(new Uint8Array(point, 1 + size)));
      if (isPrivate) jwk.d = toBase64Url(fields[0]);
      return jwk;
    };
    members.kty = kty;
    const shared = family(ask, {
      name,
      uses,
      raw: true,
      kindOf,
      algorithmOf: (it) => (named ? { name, namedCurve: it.namedCurve } : { name }),
      fieldsOf(it, jwk, isPrivate) {
        const kind = kindOf(it);
        if (jwk.crv !== kind) fail("DataError", `crv of this JWK is to be ${kind}`);
        if (name === "ECDSA") insistAlg(jwk, ECDSA_ALG[kind]);
        if (name === "Ed25519" && jwk.alg !== "EdDSA") insistAlg(jwk, "Ed25519");
        const part = (field) => {
          const value = fromBase64Url(jwk[field], field);
          if (sizeOf(value) !== OCTETS[kind]) fail("DataError", `${field} of a JWK of ${kind} has ${OCTETS[kind]} bytes`);
          return value;
        };
        const point = named ? joined(new Uint8Array([4]).buffer, part("x"), part("y")) : part("x");
        return isPrivate ? [part("d"), point] : [point];
      },
      jwkMembers: members,
    });
    const shape = named ? { namedCurve: text } : {};
    return {
      name,
      params: { __proto__: null, generateKey: shape, importKey: shape, exportKey: {}, ...params },
      ...methods,
      async generateKey(it, extractable, usages) {
        insist(it);
        shared.insistPair(usages);
        return shared.generatePair(it, await ask("generateCurve", kindOf(it)), extractable, usages);
      },
      importKey: async (it, ...rest) => shared.importKey(insist(it), ...rest),
      exportKey: shared.exportKey,
    };
  }

  // The secret shared with the public key of another; `length` in bits, null for all of it.
  async function agree(it, key, length) {
    const { name, namedCurve } = key.algorithm;
    const other = it.public;
    if (other.type !== "public") fail("InvalidAccessError", `${name} takes the other's public key`);
    if (other.algorithm.name !== name || other.algorithm.namedCurve !== namedCurve) fail("InvalidAccessError", `${name} takes two keys of one curve`);
    const secret = await ask("agree", namedCurve ?? name, key.bytes, other.bytes);
    if (length === null) return secret;
    if (length > sizeOf(secret) * 8) fail("OperationError", `${name} gives no more than ${sizeOf(secret) * 8} bits here`);
    return firstBits(secret, length);
  }

  const derives = { deriveBits: { public: keyOf } };
  const hash = { hash: hashed };
  return [
    variant("ECDSA", signs, true, { sign: hash, verify: hash }, {
      sign: (it, key, data) => ask("ecdsaSign", key.algorithm.namedCurve, it.hash, key.bytes, data),
      verify: (it, key, signature, data) => ask("ecdsaVerify", key.algorithm.namedCurve, it.hash, key.bytes, signature, data),
    }),
    variant("ECDH", agrees, true, derives, { deriveBits: agree }),
    variant("Ed25519", signs, false, { sign: {}, verify: {} }, {
      sign: (it, key, data) => ask("edSign", key.bytes, data),
      verify: (it, key, signature, data) => ask("edVerify", key.bytes, signature, data),
    }),
    variant("X25519", agrees, false, derives, { deriveBits: agree }),
  ];
}
