// Vals: read, write, change. The other half is host_api/capabilities/val.py.
import { named } from "./born.js";
import { show } from "./console.js";
import { asKept } from "./web/crossing.js";

const READ = 1;
const WRITE = 3;
const WRITE_SOURCE = 4;
const DELETE = 5;
const READ_TO_WRITE = 6;
const WRITE_BACK = 7;

// what a read says
const MISSING = 0;
const DATA = 1;
const UNCHANGED = 2;
const CODE = 3;
const LEAVE = 4;
// what a write says
const WRITTEN = 1;
const CONFLICT = 2;

const ANY = -2;
const NONE = -1;

const held = Object.create(null); // data vals read in this guest: {value, version, bytes, mine}
const codes = Object.create(null); // code vals: one version an evaluation, so the value is kept
const functionText = Function.prototype.toString;
const { apply } = Reflect;
const { stringify } = JSON;

const keyOf = (ref) => (ref.key ??= `${ref.owner}.${ref.name}@${ref.version ?? ""}`.toLowerCase());
const isObject = (value) => value !== null && (typeof value === "object" || typeof value === "function");

function same(a, b) {
  if (a.byteLength !== b.byteLength) return false;
  const x = new Uint8Array(a);
  const y = new Uint8Array(b);
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

function keep(host, key, version, bytes, mine) {
  const value = host.glue.unpack(bytes);
  held[key] = { value, version, bytes, mine };
  if (mine && isObject(value)) host.glue.attend(true);
  return value;
}

const changed = (host, entry) => isObject(entry.value) && !same(asKept(() => host.glue.pack(entry.value, "value")), entry.bytes);

// The value of a reference, now.
export function read(host, ref) {
  const key = keyOf(ref);
  if (key in codes) return codes[key].value;
  const known = held[key];
  const answer = host.glue.call(host.handle("val", READ), READ, ref.owner, ref.name, ref.version ?? NONE, known ? known.version : NONE);
  if (host.glue.more()) {
    delete held[key];
    codes[key] = { value: answer };
    return answer;
  }
  const what = answer[0];
  const bytes = answer[2];
  if (what === DATA) {
    if (known?.mine && changed(host, known)) return known.value; // ours is changed: the end decides
    return keep(host, key, answer[1], bytes, answer[3]);
  }
  if (what === UNCHANGED) return known.mine ? known.value : isObject(known.value) ? (known.value = host.glue.unpack(known.bytes)) : known.value;
  delete held[key];
  if (what !== CODE) return undefined;
  codes[key] = host.units[bytes]; // this guest's image holds it
  return codes[key].value;
}

// What JSON and people see of a value, beside its bytes.
export function rendering(value) {
  let json;
  try {
    json = stringify(value);
  } catch {
    // a bigint or a cycle: it has no JSON
  }
  return [json, kindOf(value), isPlain(value, 0) ? undefined : show(value, { depth: 6 })];
}

export const kindOf = (value) => (typeof value !== "object" ? typeof value : value === null ? "null" : Array.isArray(value) ? "array" : "object");

function isPlain(value, depth) {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || depth > 64) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
  return Object.values(value).every((item) => isPlain(item, depth + 1));
}

const ROOM = 1 << 18; // bytes of a value that surely share a message with its JSON

// A value with its rendering; one that is too large for both in one message goes alone, and its JSON is made when it is asked for.
function send(host, op, owner, name, bytes, value, expected) {
  const [json, kind, text] = rendering(value);
  if (bytes.byteLength <= ROOM) return host.call("val", op, owner, name, bytes, json, kind, text, expected);
  try {
    return host.call("val", op, owner, name, bytes, json, kind, undefined, expected);
  } catch (error) {
    if (error?.name !== "LimitError") throw error;
    return host.call("val", op, owner, name, bytes, undefined, kind, undefined, expected);
  }
}

// Write a value if the val still has the version `expected`; false on a conflict.
function store(host, ref, value, expected) {
  const key = keyOf(ref);
  if (typeof value === "function") {
    const [how] = host.call("val", WRITE_SOURCE, ref.owner, ref.name, apply(functionText, value, []), expected);
    delete held[key];
    delete codes[key];
    return how !== CONFLICT;
  }
  const bytes = host.glue.pack(value, `@${ref.owner}.${ref.name}`);
  const [how, version] = send(host, WRITE, ref.owner, ref.name, bytes, value, expected);
  if (how === WRITTEN) {
    delete codes[key];
    keep(host, key, version, bytes, true);
  }
  return how !== CONFLICT;
}

export const write = (host, ref, value) => (store(host, ref, value, ANY), value);

// Read, change, write, as one step, and again on a newer value. change(value) => [result, next]; next === LEFT writes nothing.
const LEFT = {};

function step(host, ref, change) {
  for (;;) {
    const key = keyOf(ref);
    const mine = held[key];
    const [what, version, bytes] = host.call("val", READ_TO_WRITE, ref.owner, ref.name, mine?.mine ? mine.version : NONE);
    if (what === CODE) return change(read(host, ref))[0];
    const value = bytes !== undefined && what !== UNCHANGED ? host.glue.unpack(bytes) : what === UNCHANGED ? mine.value : undefined;
    const [result, next] = change(value);
    if (what === LEAVE || next === LEFT) return result;
    if (store(host, ref, next, what === MISSING ? NONE : what === UNCHANGED ? mine.version : version)) return result;
    delete held[key];
  }
}

const OPERATE = {
  __proto__: null,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
  ">>>": (a, b) => a >>> b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
};
const NEEDED = { __proto__: null, "&&": (a) => a, "||": (a) => !a, "??": (a) => a === undefined || a === null };

export const needed = (op, value) => !!NEEDED[op](value);

function operate(op, old, operand) {
  if (op in OPERATE) return [OPERATE[op](old, operand), true];
  return needed(op, old) ? [operand, true] : [old, false];
}

export function update(host, ref, op, operand) {
  return step(host, ref, (old) => {
    const [next, wanted] = operate(op, old, operand);
    return [next, wanted ? next : LEFT];
  });
}

function stepped(old, delta, prefix) {
  const number = typeof old === "bigint" ? old : Number(old);
  const next = typeof number === "bigint" ? number + BigInt(delta) : number + delta;
  return [prefix ? next : number, next];
}

export const increment = (host, ref, delta, prefix) => step(host, ref, (old) => stepped(old, delta, prefix));

export function remove(host, ref) {
  const key = keyOf(ref);
  const [how] = host.call("val", DELETE, ref.owner, ref.name, ANY);
  if (how === WRITTEN) {
    delete held[key];
    delete codes[key];
  }
  return true;
}

const walk = (value, keys) => {
  for (let i = 0; i < keys.length - 1; i++) value = value[keys[i]];
  return value;
};
const last = (keys) => keys[keys.length - 1];

export const deepGet = (host, ref, keys) => walk(read(host, ref), keys)[last(keys)];

// Change something inside a val: change(parent, key) => [result, wanted]
function inside(host, ref, keys, change) {
  return step(host, ref, (root) => {
    const [result, wanted] = change(walk(root, keys), last(keys));
    return [result, wanted ? root : LEFT];
  });
}

export const deepSet = (host, ref, keys, value) => inside(host, ref, keys, (parent, key) => ((parent[key] = value), [value, true]));

export const deepUpdate = (host, ref, keys, op, operand) =>
  inside(host, ref, keys, (parent, key) => {
    const [next, wanted] = operate(op, parent[key], operand);
    if (wanted) parent[key] = next;
    return [next, wanted];
  });

export const deepStep = (host, ref, keys, delta, prefix) =>
  inside(host, ref, keys, (parent, key) => {
    const [result, next] = stepped(parent[key], delta, prefix);
    parent[key] = next;
    return [result, true];
  });

export const deepDelete = (host, ref, keys) => inside(host, ref, keys, (parent, key) => [delete parent[key], true]);

// @x.a.b(...args): on one's own data, what it changes is written as one step; elsewhere a plain call.
export function method(host, ref, keys, args) {
  for (;;) {
    const root = read(host, ref);
    const entry = held[keyOf(ref)];
    const parent = walk(root, keys);
    const target = parent[last(keys)];
    if (typeof target !== "function") throw new TypeError(`@${ref.owner}.${ref.name}.${keys.map(String).join(".")} is not a function`);
    const before = entry?.mine && isObject(root) ? entry.bytes : undefined;
    const result = apply(target, parent, args);
    if (before === undefined || host.glue.state(result) !== undefined || !changed(host, entry)) return result;
    if (store(host, ref, entry.value, entry.version)) {
      if (held[keyOf(ref)]) held[keyOf(ref)].value = root; // still the one object
      return result;
    }
    delete held[keyOf(ref)];
  }
}

// The end: what was changed in place is written, if nobody wrote meanwhile and the val is private.
export function flush(host) {
  for (const key of Object.keys(held)) {
    const entry = held[key];
    if (!entry.mine || !changed(host, entry)) continue;
    const [owner, name] = key.slice(0, key.lastIndexOf("@")).split(".");
    const bytes = asKept(() => host.glue.pack(entry.value, `@${owner}.${name}`));
    const [how] = send(host, WRITE_BACK, owner, name, bytes, entry.value, entry.version);
    if (how === CONFLICT) throw named("WriteConflict", `@${owner}.${name} was changed in place, and somebody wrote it meanwhile`);
  }
}
