// Response, as the Fetch standard has it.
import { guardOf, headersFrom, headersOf, listOf, readFrom, setDefault } from "./headers.js";
import { dictionary, isObject, needs, publish, scalar } from "./idl.js";
import { serializeType, typeOfHeader } from "./mime.js";
import { bodied, cloned, extract, insistUsable, ofText } from "./payload.js";
import { addressOf, parseAddress } from "./address.js";

const INSIDE = Symbol("inside");
const { stringify } = JSON;
const EMPTY_STATUS = [101, 103, 204, 205, 304];
const REDIRECTS = [301, 302, 303, 307, 308];
const JSON_TYPE = "application/json";
let guts;

function statusOf(value) {
  const status = Math.trunc(Number(value)) & 0xffff;
  if (status < 200 || status > 599) throw new RangeError(`${status} is no status of a Response: 200 to 599`);
  return status;
}

// reason-phrase
export function isReason(text) {
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter > "\xff" || letter === "\x7f" || (letter < " " && letter !== "\t")) return false;
  }
  return true;
}

function reasonOf(value) {
  const text = `${value}`;
  if (!isReason(text)) throw new TypeError("this is no text of a status");
  return text;
}

// The parts of a Response, in one object: {payload, headers, list, status, statusText, url, redirected, type, guard}.
function started(init) {
  const parts = { payload: null, headers: undefined, list: undefined, guard: "response", status: 200, statusText: "", url: "", redirected: false, type: "default" };
  if (init === undefined) return parts;
  const { headers, status, statusText } = dictionary(init, "init");
  if (status !== undefined) parts.status = statusOf(status);
  if (statusText !== undefined) parts.statusText = reasonOf(statusText);
  if (headers !== undefined) parts.headers = headersFrom(headers, "response");
  return parts;
}

function filled(parts, payload, type) {
  if (EMPTY_STATUS.includes(parts.status)) throw new TypeError(`a Response of status ${parts.status} has no body`);
  parts.payload = payload;
  if (type === null) return parts;
  if (parts.headers !== undefined) setDefault(parts.headers, "content-type", type);
  else parts.list = ["content-type", type];
  return parts;
}

export class Response {
  #parts;

  static {
    guts = {
      is: (value) => isObject(value) && #parts in value,
      parts: (response) => response.#parts,
    };
  }

  constructor(body = null, init = undefined) {
    if (body === INSIDE) {
      this.#parts = init;
      return;
    }
    if (body === null) {
      this.#parts = started(init);
      return;
    }
    const [payload, type] = extract(body);
    this.#parts = filled(started(init), payload, type);
  }

  static json(data, init = undefined) {
    needs(1, arguments.length, "Response.json");
    const text = stringify(data);
    if (text === undefined) throw new TypeError("this cannot be written as JSON");
    return new Response(INSIDE, filled(started(init), ofText(scalar(text)), JSON_TYPE));
  }

  static redirect(url, status = 302) {
    needs(1, arguments.length, "Response.redirect");
    const record = parseAddress(scalar(url));
    if (record === null) throw new TypeError(`${stringify(`${url}`)} is no address to redirect to`);
    const code = Math.trunc(Number(status)) & 0xffff;
    if (!REDIRECTS.includes(code)) throw new RangeError(`${code} is no status of a redirect`);
    const parts = started();
    parts.status = code;
    parts.list = ["location", addressOf(record)];
    parts.guard = "immutable";
    return new Response(INSIDE, parts);
  }

  static error() {
    const parts = started();
    parts.type = "error";
    parts.status = 0;
    parts.guard = "immutable";
    return new Response(INSIDE, parts);
  }

  get type() {
    return this.#parts.type;
  }

  get url() {
    return this.#parts.url;
  }

  get redirected() {
    return this.#parts.redirected;
  }

  get status() {
    return this.#parts.status;
  }

  get ok() {
    const { status } = this.#parts;
    return status >= 200 && status <= 299;
  }

  get statusText() {
    return this.#parts.statusText;
  }

  get headers() {
    const parts = this.#parts;
    return (parts.headers ??= headersOf(parts.list ?? [], parts.guard));
  }

  clone() {
    const parts = this.#parts;
    insistUsable(parts.payload);
    return new Response(INSIDE, { ...parts, payload: cloned(parts.payload), headers: undefined, list: [...listIn(parts)], guard: guardIn(parts) });
  }
}
const listIn = (parts) => (parts.headers === undefined ? (parts.list ?? []) : listOf(parts.headers));
const guardIn = (parts) => (parts.headers === undefined ? parts.guard : guardOf(parts.headers));
export const blobTypeOf = (header) => {
  const type = typeOfHeader(header);
  return type === null ? "" : serializeType(type);
};
bodied(
  Response,
  (response) => guts.parts(response).payload,
  (response) => readFrom(listIn(guts.parts(response)), "content-type"),
  blobTypeOf,
);
Object.defineProperty(Response.redirect, "length", { value: 1, configurable: true });
Object.defineProperty(Response.json, "length", { value: 1, configurable: true });
publish(Response, "Response", ["json", "redirect", "error"]);

// ---- for the rest of the house -----------------------------------------------------------------------

export const isResponse = (value) => guts.is(value);
export const responseParts = (response) => guts.parts(response);
export const responseList = (response) => listIn(guts.parts(response));
export const responseGuard = (response) => guardIn(guts.parts(response));
// A Response of parts that are known to be good.
export const responseOf = (parts) => new Response(INSIDE, parts);
