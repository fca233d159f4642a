// Request, as the Fetch standard has it. On a server mode, credentials, cache and the like are kept and mean nothing.
import { followerOf, isSignal } from "./abort.js";
import { guardOf, headersFrom, headersOf, isToken, listOf, readFrom, setDefault } from "./headers.js";
import { dictionary, isObject, needs, publish, scalar } from "./idl.js";
import { bodied, cloned, extract, insistUsable, isOpen, moved } from "./payload.js";
import { blobTypeOf } from "./response.js";
import { addressOf, parseAddress } from "./address.js";
import { hrefOf, isURL } from "./url.js";

const INSIDE = Symbol("inside");
const NORMAL = { __proto__: null, DELETE: 1, GET: 1, HEAD: 1, OPTIONS: 1, POST: 1, PUT: 1 };
const SAFE = { __proto__: null, GET: 1, HEAD: 1, POST: 1 };
const FORBIDDEN = { __proto__: null, CONNECT: 1, TRACE: 1, TRACK: 1 };
const CHOICES = {
  __proto__: null,
  referrerPolicy: ["", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url"],
  mode: ["navigate", "same-origin", "no-cors", "cors"],
  credentials: ["omit", "same-origin", "include"],
  cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
  redirect: ["follow", "error", "manual"],
  duplex: ["half"],
  priority: ["high", "low", "auto"],
};
const { stringify } = JSON;
let guts;

function chosen(init, key) {
  if (init[key] === undefined) return undefined;
  const value = `${init[key]}`;
  if (!CHOICES[key].includes(value)) throw new TypeError(`${stringify(value)} is no ${key} of a Request`);
  return value;
}

function methodOf(value) {
  const method = `${value}`;
  const upper = method.toUpperCase();
  if (!isToken(method) || upper in FORBIDDEN) throw new TypeError(`${stringify(method)} is no method of a Request`);
  return upper in NORMAL ? upper : method;
}

function addressFrom(input) {
  const text = isURL(input) ? hrefOf(input) : scalar(input);
  const record = parseAddress(text);
  if (record === null) throw new TypeError(`${stringify(text)} is no address of a Request`);
  if (record.username !== "" || record.password !== "") throw new TypeError(`the address of a Request holds no user and password: put them into a header`);
  return addressOf(record);
}

// The parts of a Request, in one object.
export const freshParts = (url) => ({
  url,
  method: "GET",
  payload: null,
  headers: undefined,
  list: undefined,
  guard: "request",
  signal: undefined, // made when somebody asks
  follows: undefined, // a signal that was given
  referrer: "about:client",
  referrerPolicy: "",
  mode: "cors",
  credentials: "same-origin",
  cache: "default",
  redirect: "follow",
  integrity: "",
  keepalive: false,
});

const listIn = (parts) => (parts.headers === undefined ? (parts.list ?? []) : listOf(parts.headers));
const guardIn = (parts) => (parts.headers === undefined ? parts.guard : guardOf(parts.headers));

function copied(parts) {
  return { ...parts, payload: null, headers: undefined, list: [...listIn(parts)], guard: "request", signal: undefined, follows: givenSignal(parts) };
}

// One that nobody gave aborts never, also when somebody looked at it: it need not go anywhere.
const givenSignal = (parts) => (parts.follows === undefined ? undefined : signalIn(parts, false));

// Whoever follows a request follows its signal; one that nobody gave and nobody asked for aborts never.
function signalIn(parts, wanted) {
  if (parts.signal === undefined && (wanted || parts.follows !== undefined)) parts.signal = followerOf(parts.follows === undefined ? [] : [parts.follows]);
  return parts.signal;
}

function referrerOf(value) {
  const text = scalar(value);
  if (text === "") return "";
  if (parseAddress(text) === null) throw new TypeError(`${stringify(text)} is no referrer`);
  return "about:client"; // a server has no origin that a referrer could share
}

function change(parts, init) {
  if (init.window !== undefined && init.window !== null) throw new TypeError("a Request has no window");
  const mode = chosen(init, "mode");
  if (mode === "navigate") throw new TypeError("a Request is not made to navigate");
  if (init.referrer !== undefined) parts.referrer = referrerOf(init.referrer);
  for (const key of ["referrerPolicy", "credentials", "cache", "redirect"]) parts[key] = chosen(init, key) ?? parts[key];
  chosen(init, "priority");
  chosen(init, "duplex");
  parts.mode = mode ?? parts.mode;
  if (parts.cache === "only-if-cached" && parts.mode !== "same-origin") throw new TypeError("only-if-cached goes with the mode same-origin");
  if (init.integrity !== undefined) parts.integrity = `${init.integrity}`;
  if (init.keepalive !== undefined) parts.keepalive = !!init.keepalive;
  if (init.method !== undefined) parts.method = methodOf(init.method);
  if (parts.mode === "no-cors" && !(parts.method in SAFE)) throw new TypeError(`${parts.method} does not go with the mode no-cors`);
  const { signal } = init;
  if (signal === undefined) return;
  if (signal !== null && !isSignal(signal)) throw new TypeError("the signal is no AbortSignal");
  parts.follows = signal ?? undefined;
}

export class Request {
  #parts;

  static {
    guts = {
      is: (value) => isObject(value) && #parts in value,
      parts: (request) => request.#parts,
    };
  }

  constructor(input, init = undefined) {
    if (input === INSIDE) {
      this.#parts = init;
      return;
    }
    needs(1, arguments.length, "Request");
    const from = guts.is(input) ? input.#parts : null;
    const given = dictionary(init, "init");
    const parts = from === null ? freshParts(addressFrom(input)) : copied(from);
    if (init !== undefined && init !== null) change(parts, given);
    if (given.headers !== undefined) parts.headers = headersFrom(given.headers, "request");
    const body = given.body ?? null;
    if ((body !== null || (given.body === undefined && from !== null && from.payload !== null)) && (parts.method === "GET" || parts.method === "HEAD"))
      throw new TypeError(`a Request with the method ${parts.method} has no body`);
    if (body !== null) fill(parts, body, given);
    else if (from !== null && given.body === undefined) parts.payload = moved(insistUsable(from.payload));
    this.#parts = parts;
  }

  get method() {
    return this.#parts.method;
  }

  get url() {
    return this.#parts.url;
  }

  get headers() {
    const parts = this.#parts;
    return (parts.headers ??= headersOf(parts.list ?? [], parts.guard));
  }

  get destination() {
    this.#parts;
    return "";
  }

  get referrer() {
    return this.#parts.referrer;
  }

  get referrerPolicy() {
    return this.#parts.referrerPolicy;
  }

  get mode() {
    return this.#parts.mode;
  }

  get credentials() {
    return this.#parts.credentials;
  }

  get cache() {
    return this.#parts.cache;
  }

  get redirect() {
    return this.#parts.redirect;
  }

  get integrity() {
    return this.#parts.integrity;
  }

  get keepalive() {
    return this.#parts.keepalive;
  }

  get isReloadNavigation() {
    this.#parts;
    return false;
  }

  get isHistoryNavigation() {
    this.#parts;
    return false;
  }

  get signal() {
    return signalIn(this.#parts, true);
  }

  get duplex() {
    this.#parts;
    return "half";
  }

  clone() {
    const parts = this.#parts;
    insistUsable(parts.payload);
    const copy = copied(parts);
    copy.guard = guardIn(parts);
    copy.payload = cloned(parts.payload);
    return new Request(INSIDE, copy);
  }
}

function fill(parts, body, given) {
  const [payload, type] = extract(body);
  if (isOpen(payload) && given.duplex === undefined) throw new TypeError('a body that is a stream needs duplex: "half"');
  parts.payload = payload;
  if (type === null) return;
  if (parts.headers === undefined) parts.headers = headersOf(parts.list ?? [], "request");
  setDefault(parts.headers, "content-type", type);
}

bodied(
  Request,
  (request) => guts.parts(request).payload,
  (request) => readFrom(listIn(guts.parts(request)), "content-type"),
  blobTypeOf,
);
publish(Request, "Request");

// ---- for the rest of the house -----------------------------------------------------------------------

export const isRequest = (value) => guts.is(value);
export const requestParts = (request) => guts.parts(request);
export const requestList = (request) => listIn(guts.parts(request));
export const requestGuard = (request) => guardIn(guts.parts(request));
export const requestSignal = (request) => givenSignal(guts.parts(request));
// A Request of parts that are known to be good.
export const requestOf = (parts) => new Request(INSIDE, parts);
