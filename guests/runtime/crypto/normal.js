// What an algorithm may be written as, and what its parameters are read to: "Normalizing an algorithm" of the standard.
import { arrayName } from "../web/idl.js";
import { copied } from "./bytes.js";
import { fail } from "./fail.js";

const { keys } = Object;

// The named algorithm for an operation, its parameters read once and copied: {name, entry, …}.
export function normalizer(registry) {
  const hashes = registry;

  function normalize(operation, algorithm, among = registry) {
    const given = typeof algorithm === "string" ? { name: algorithm } : algorithm;
    if (given === null || (typeof given !== "object" && typeof given !== "function")) throw new TypeError("an algorithm is a name or an object with a name");
    if (given.name === undefined) throw new TypeError("an algorithm has a name");
    const name = `${given.name}`;
    const entry = among[name.toLowerCase()];
    const wanted = entry?.params[operation];
    if (wanted === undefined) fail("NotSupportedError", entry ? `${entry.name} does not have the operation ${operation}` : `the algorithm ${name} is not supported`);
    const read = { __proto__: null, name: entry.name, entry };
    for (const member of keys(wanted)) {
      const value = given[member];
      try {
        read[member] = wanted[member](value, hash);
      } catch (error) {
        if (error instanceof TypeError) throw new TypeError(`${member} of ${entry.name}: ${error.message}`);
        throw error;
      }
    }
    return read;
  }

  const hash = (value) => normalize("digest", value, hashes).name;
  const supports = (operation, algorithm) => {
    const name = typeof algorithm === "string" ? algorithm : algorithm?.name;
    return operation in (registry[`${name}`.toLowerCase()]?.params ?? {});
  };
  return { __proto__: null, normalize, supports };
}

// -- readers of parameters --------------------------------------------------------------------------

export const bytes = (value) => copied(value);
export const optional = (reader) => (value, hash) => (value === undefined ? undefined : reader(value, hash));
export const hashed = (value, hash) => {
  if (value === undefined) throw new TypeError("this is missing");
  return hash(value);
};
export const text = (value) => {
  if (value === undefined) throw new TypeError("this is missing");
  return `${value}`;
};
export const whole = (most) => (value) => {
  const number = Math.trunc(+value);
  if (!(number >= 0 && number <= most)) throw new TypeError(`this is a whole number up to ${most}`);
  return number;
};
export const octet = whole(0xff);
export const short = whole(0xffff);
export const long = whole(0xffffffff);
export const bigInteger = (value) => {
  if (!ArrayBuffer.isView(value) || arrayName(value) !== "Uint8Array") throw new TypeError("this is a Uint8Array");
  return copied(value);
};
