// What an evaluation comes to: the outermost value, awaited all through, as JSON or as what is stored; or what it threw.
import { GIVEN } from "./arguments.js";
import { show } from "./console.js";
import { rendered } from "./jsx.js";
import { placeOf, references } from "./references.js";
import { respond, serve } from "./serve.js";
import { kindOf, rendering } from "./val.js";
import { isResponse } from "./web/response.js";

const { stringify } = JSON;
const { isArray } = Array;
const { getPrototypeOf } = Object;
const { apply } = Reflect;

const { isError } = Error;
const MOST_CAUSES = 10;

// What an error came of, as text behind its stack: its cause, and that one's; the errors of an AggregateError.
function causes(error, seen = [error]) {
  const found = [];
  if ("cause" in error) found.push(["cause", error.cause]);
  if (isArray(error.errors)) error.errors.slice(0, MOST_CAUSES).forEach((each, i) => found.push([`errors[${i}]`, each]));
  let text = "";
  for (const [what, each] of found) {
    const told = !isError(each) ? show(each, { depth: 2 }) : `${each.name}: ${each.message}\n${each.stack ?? ""}`.trimEnd();
    text += `\n[${what}]: ${told}`;
    if (isError(each) && seen.length < MOST_CAUSES && !seen.includes(each)) text += causes(each, [...seen, each]);
  }
  return text;
}

// What is told of a thrown value: its own words.
export function describe(thrown) {
  try {
    if (isError(thrown)) {
      const stack = String(thrown.stack ?? "").trimEnd();
      return { name: String(thrown.name), message: String(thrown.message), stack: stack + causes(thrown) };
    }
    return { name: "Error", message: typeof thrown === "string" ? thrown : show(thrown), stack: placeOf(thrown) };
  } catch {
    return { name: "Error", message: "what was thrown cannot be read", stack: "" };
  }
}

const isPlain = (value) => isArray(value) || getPrototypeOf(value) === Object.prototype || getPrototypeOf(value) === null;
const isPromise = (host, value) => host.glue.state(value) !== undefined;

async function awaitAll(host, value, seen) {
  const settled = await value;
  if (settled === null || typeof settled !== "object" || host.glue.foreign(settled) || !isPlain(settled)) return settled;
  if (seen.has(settled)) return seen.get(settled);
  const copy = isArray(settled) ? [] : {};
  seen.set(settled, copy);
  for (const key of Object.keys(settled)) {
    const item = await awaitAll(host, settled[key], seen);
    Object.defineProperty(copy, key, { value: item, writable: true, enumerable: true, configurable: true });
  }
  if (isArray(settled)) copy.length = settled.length;
  return copy;
}

// The path of what JSON cannot say, for the message.
function culprit(value, path, parents) {
  if (typeof value === "bigint") return `a bigint at ${path}`;
  if (value === null || typeof value !== "object") return undefined;
  if (parents.includes(value)) return `a cycle at ${path}`;
  if (parents.length > 200) return undefined;
  for (const key of Object.keys(value)) {
    const step = isArray(value) ? `[${key}]` : `.${key}`;
    const found = culprit(value[key], path + step, [...parents, value]);
    if (found) return found;
  }
  return undefined;
}

export function toJSON(value, path = "value") {
  try {
    return stringify(value);
  } catch (error) {
    let found;
    try {
      found = culprit(value, path, []);
    } catch {
      // the error as it is
    }
    throw found ? new TypeError(`${found} cannot be written as JSON`) : error;
  }
}

// A Response is the answer itself.
function result(host, outcome) {
  if (isObject(outcome) && isResponse(outcome)) {
    served(host, respond(host, outcome));
    return;
  }
  const value = isObject(outcome) ? rendered(outcome) : outcome;
  host.glue.finish(0, toJSON(value), kindOf(value));
}

// Data, if it copies; else code, whose top level runs anew in each guest.
function saved(host, value) {
  let bytes;
  try {
    bytes = host.glue.pack(value, "value");
  } catch {
    host.glue.finish(0, undefined, kindOf(value), undefined, undefined);
    return;
  }
  const [json, kind, text] = rendering(value);
  host.glue.finish(0, json, kind, bytes, text);
}

function failed(host, thrown) {
  const { name, message, stack } = describe(thrown);
  host.glue.finish(1, name, message, stack);
}

const MODES = { __proto__: null, run: result, interval: result, save: saved };
const SERVING = { __proto__: null, express: true, web: true, serve: true };

// The answer has gone through the door when this is done.
function served(host, serving) {
  serving.then(() => host.glue.finish(0, undefined, "undefined")).catch((error) => failed(host, error));
}

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

function conclude(host, mode, value) {
  const kind = typeof value, done = MODES[mode];
  if (done === result && (kind === "number" || kind === "string" || kind === "boolean")) {
    host.glue.finish(0, stringify(value), kind); // as `result` would, by four calls more
    return;
  }
  if (isObject(value) && (host.glue.promises(value) || typeof value.then === "function")) {
    awaitAll(host, value, new Map()).then((settled) => done(host, settled)).catch((error) => failed(host, error));
  } else done(host, value);
}

function entered(host, name, code, list) {
  return list === undefined ? host.glue.unpack(code) : host.glue.evaluate(code, name)(references(host, list));
}

// enter(mode, name, code, references, arguments, body): run | save with code, or serve a request: its head for arguments, and its body.
// For stored data the code is its bytes, and there are no references; what the image holds has true for them, and its key for a name.
export function enter(host, units, mode, name, code, list, args, body) {
  try {
    let value = list === true ? units[name].value : entered(host, name, code, list);
    if (mode in SERVING) {
      served(host, serve(host, mode, value, args, body));
      return;
    }
    if (list === undefined) {
      result(host, value);
      return;
    }
    if (mode in GIVEN) {
      if (typeof value === "function") value = apply(value, undefined, GIVEN[mode](args));
      else if (isPromise(host, value)) value = value.then((made) => (typeof made === "function" ? apply(made, undefined, GIVEN[mode](args)) : made));
    }
    conclude(host, mode, value);
  } catch (error) {
    failed(host, error);
  }
}
