// PBKDF2 and HKDF: keys that only make others.
import { joined } from "./bytes.js";
import { fail } from "./fail.js";
import { insistUsages, makeKey } from "./key.js";
import { bytes, hashed, long } from "./normal.js";

export function derivers(ask) {
  function deriver(name, shape, run) {
    return {
      name,
      params: { __proto__: null, deriveBits: shape, importKey: {}, keyLength: {} },
      keyLength: () => null,
      importKey(it, format, data, extractable, usages) {
        if (format !== "raw") fail("NotSupportedError", `a key of ${name} is imported as raw, not as ${format}`);
        insistUsages(usages, ["deriveKey", "deriveBits"], `key of ${name}`);
        if (extractable) fail("SyntaxError", `a key of ${name} is never extractable`);
        return makeKey("secret", false, usages, { name }, data);
      },
      async deriveBits(it, key, length) {
        if (length === null || length % 8) fail("OperationError", `${name} derives whole bytes: a length in bits that 8 divides`);
        return length ? run(it, key, length / 8) : joined();
      },
    };
  }

  return [
    deriver("PBKDF2", { hash: hashed, salt: bytes, iterations: long }, (it, key, size) => ask("pbkdf2", it.hash, key.bytes, it.salt, it.iterations, size)),
    deriver("HKDF", { hash: hashed, salt: bytes, info: bytes }, (it, key, size) => ask("hkdf", it.hash, key.bytes, it.salt, it.info, size)),
  ];
}
