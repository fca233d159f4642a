// api(@B.foo, …args), and api("https://…/v1/run/B.foo", …args). The other half is host_api/capabilities/api.py.
import { install, named } from "./born.js";
import { toJSON } from "./outcome.js";
import { nameOf } from "./references.js";

const CALL = 1;
const NEWEST = -1;
const { parse } = JSON;
const { defineProperty } = Object;
const { apply } = Reflect;
const { slice } = String.prototype;
const DIGITS = 3;

// How the val at the other end failed: the status that HTTP has for it, and its own words; its own name is the cause's.
class ApiError extends Error {
  constructor(status, message, options) {
    super(message, options);
    defineProperty(this, "status", { value: status, writable: true, enumerable: true, configurable: true });
  }
}
install(ApiError.prototype, { name: "ApiError" });

function failure(status, told, place) {
  const message = String(told?.message ?? told?.error ?? `the answer has status ${status}`);
  const cause = typeof told?.name === "string" ? { cause: named(told.name, message) } : undefined;
  return at(place, new ApiError(status, message, cause));
}

// Its stack is where the val called api.
function at(place, error) {
  defineProperty(error, "stack", { value: place.stack, writable: true, configurable: true });
  if (error.cause !== undefined) defineProperty(error.cause, "stack", { value: "", writable: true, configurable: true });
  return error;
}

async function here(host, { owner, name, version }, args, place) {
  const told = await host.call("api", CALL, owner, name, version ?? NEWEST, args);
  return settle(+apply(slice, told, [0, DIGITS]), apply(slice, told, [DIGITS + 1]), place);
}

// What a status and a body come to: an empty body is null.
function settle(status, text, place) {
  const answer = read(text);
  if (status < 200 || status > 299) throw failure(status, answer?.value, place);
  if (answer === undefined) throw failure(status, { message: "the answer is not JSON" }, place);
  return answer.value;
}

function read(text) {
  try {
    return { value: text === "" ? null : parse(text) };
  } catch {
    return undefined;
  }
}

// What fetch says of the way there has no status: 0.
async function ask(fetch, textOf, address, args, place) {
  try {
    const response = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: `{"args":${args}}` });
    return [response.status, await apply(textOf, response, [])];
  } catch (error) {
    if (error?.name !== "TypeError") throw error;
    throw at(place, new ApiError(0, String(error.message), { cause: error }));
  }
}

async function elsewhere(fetch, textOf, address, args, place) {
  return settle(...(await ask(fetch, textOf, address, args, place)), place);
}

export function installApi(host, global) {
  const { fetch } = global;
  const textOf = global.Response.prototype.text;
  install(global, {
    async api(target, ...args) {
      const place = new Error();
      const name = nameOf(target);
      if (name === undefined && !(typeof target === "string" && /^https?:\/\//i.test(target))) {
        throw new TypeError('api takes the name of a val, as in api(@alice.hello, 1), or an address that begins with "https://"');
      }
      const text = toJSON(args, "args");
      return name === undefined ? elsewhere(fetch, textOf, target, text, place) : here(host, name, text, place);
    },
  });
}
