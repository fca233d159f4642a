// JSON Web Keys (RFC 7517): read as the standard's dictionary, checked, written.
import { fail } from "./fail.js";
import { readUsages } from "./key.js";

const TEXTS = ["kty", "use", "alg", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k"];

export function readJwk(value) {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) throw new TypeError("a JWK is an object");
  const jwk = { __proto__: null, ext: value.ext === undefined ? undefined : !!value.ext, oth: value.oth };
  for (const member of TEXTS) if (value[member] !== undefined) jwk[member] = `${value[member]}`;
  if (value.key_ops !== undefined) {
    jwk.key_ops = [];
    for (const usage of value.key_ops) jwk.key_ops[jwk.key_ops.length] = `${usage}`;
  }
  return jwk;
}

// What every kind of key insists on.
export function insistJwk(jwk, kty, use, extractable, usages) {
  if (jwk.kty !== kty) fail("DataError", `kty of this JWK is to be ${kty}`);
  if (usages.length && jwk.use !== undefined && jwk.use !== use) fail("DataError", `use of this JWK is to be ${use}`);
  if (jwk.ext === false && extractable) fail("DataError", "this JWK says that it must not be extractable");
  if (jwk.key_ops === undefined) return;
  for (const usage of usages) if (!jwk.key_ops.includes(usage)) fail("DataError", `this JWK says that it is not for ${usage}`);
  if (new Set(jwk.key_ops).size !== jwk.key_ops.length) fail("DataError", "key_ops of this JWK has an entry twice");
}

export function insistAlg(jwk, alg) {
  if (jwk.alg !== undefined && jwk.alg !== alg) fail("DataError", `alg of this JWK is to be ${alg}`);
}

export const jwkOf = (slots, kty, members) => ({ kty, ...members, key_ops: readUsages(slots.usages), ext: slots.extractable });
