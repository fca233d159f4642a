// What the compiled code of a val calls for its references: `$` in guests/compiler/README.md. One object a unit.
import { named } from "./born.js";
import { readSecret, secrets } from "./secret.js";
import * as val from "./val.js";

const { parse } = JSON;

const spell = (ref) => `@${ref.owner}.${ref.name}${ref.version === null ? "" : `@${ref.version}`}`;

function missing(ref, what) {
  return function () {
    throw new TypeError(`${spell(ref)} is not a ${what}`);
  };
}

// list: the unit's references as JSON: [{owner, name, version, use}, …]
export function references(host, list) {
  const refs = parse(list);
  const slot = (get, set) => ({
    get v() {
      return get();
    },
    set v(value) {
      set(value);
    },
  });
  const get = (i) => val.read(host, refs[i]);
  return {
    get,
    fn(i) {
      const value = get(i);
      return typeof value === "function" ? value : missing(refs[i], "function");
    },
    ctor(i) {
      const value = get(i);
      return typeof value === "function" ? value : missing(refs[i], "constructor");
    },
    set: (i, value) => val.write(host, refs[i], value),
    update: (i, op, value) => val.update(host, refs[i], op, value),
    test: (i, op) => val.needed(op, get(i)),
    step: (i, delta, prefix) => val.increment(host, refs[i], delta, prefix),
    delete: (i) => val.remove(host, refs[i]),
    slot: (i) => slot(() => get(i), (value) => val.write(host, refs[i], value)),
    deepGet: (i, keys) => val.deepGet(host, refs[i], keys),
    deepSet: (i, keys, value) => val.deepSet(host, refs[i], keys, value),
    deepUpdate: (i, keys, op, value) => val.deepUpdate(host, refs[i], keys, op, value),
    deepTest: (i, keys, op) => val.needed(op, val.deepGet(host, refs[i], keys)),
    deepStep: (i, keys, delta, prefix) => val.deepStep(host, refs[i], keys, delta, prefix),
    deepDelete: (i, keys) => val.deepDelete(host, refs[i], keys),
    deepSlot: (i, keys) => slot(() => val.deepGet(host, refs[i], keys), (value) => val.deepSet(host, refs[i], keys, value)),
    method: (i, keys, args) => val.method(host, refs[i], keys, args),
    secret: (i) => readSecret(host, refs[i].owner, refs[i].name),
    secrets: (i) => secrets(host, refs[i].owner),
    name: (i) => Object.freeze({ owner: refs[i].owner, name: refs[i].name, version: refs[i].version }),
    import: (specifier) => Promise.reject(named("NotSupportedError", `import(${JSON.stringify(String(specifier))}) is not supported yet`)),
  };
}
