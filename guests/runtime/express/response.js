// Express's res. What is sent goes through the door; a second answer is ignored and said on the console.
import { Buffer } from "buffer";
import { stringifySetCookie as writeCookie } from "cookie";
import { rendered } from "../jsx.js";
import { reasonOf } from "./statuses.js";
import { inUtf8, typeOf, withCharset } from "./types.js";

const { isView } = ArrayBuffer;
const BODILESS = { __proto__: null, 204: 1, 205: 1, 304: 1 };
// A Buffer of another owner's comes by reference: it is no view here, but its bytes are there.
const isBytes = (value) => isView(value) || value instanceof Uint8Array;
const encode = (text) => new TextEncoder().encode(text);
const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
// What is no part of an address, and percent signs that begin no code.
const encodedAddress = (url) => String(url).replace(/[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7a\x7c\x7e]+|%(?![0-9a-f]{2})/gi, (part) => encodeURIComponent(part.toWellFormed()));

function bytesOf(chunk, encoding) {
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (isBytes(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (typeof encoding === "string" && !/^utf-?8$/i.test(encoding)) return Buffer.from(String(chunk), encoding);
  return encode(String(chunk));
}

const callbackOf = (values) => values.find((value) => typeof value === "function");

export class ExpressResponse {
  #door;
  #request;
  #fields = new Map(); // by name in lower case: [name, value or values]
  #finish;
  statusCode = 200;
  statusMessage = undefined;
  locals = {};

  constructor(door, request, finish) {
    this.#door = door;
    this.#request = request;
    this.#finish = finish;
  }

  get req() {
    return this.#request;
  }

  get headersSent() {
    return this.#door.begun;
  }

  get finished() {
    return this.#door.ended;
  }

  get writableEnded() {
    return this.#door.ended;
  }

  // ---- the head ---------------------------------------------------------------------------------------

  status(code) {
    const status = Number(code);
    if (!Number.isInteger(status) || status < 200 || status > 999) throw new RangeError(`${code} is no status of an answer`);
    this.statusCode = status;
    return this;
  }

  set(name, value) {
    if (typeof name === "object" && name !== null) {
      for (const key of Object.keys(name)) this.set(key, name[key]);
      return this;
    }
    const key = String(name).toLowerCase();
    let kept = Array.isArray(value) ? value.map(String) : String(value);
    if (key === "content-type") {
      if (Array.isArray(kept)) throw new TypeError("Content-Type is one value");
      kept = withCharset(kept);
    }
    return this.#keep(name, kept);
  }

  #keep(name, value) {
    if (this.#door.begun) {
      console.warn(`res: the header ${name} was set after the head was sent, and is ignored`);
      return this;
    }
    this.#fields.set(String(name).toLowerCase(), [String(name), value]);
    return this;
  }

  header(name, value) {
    return this.set(name, value);
  }

  setHeader(name, value) {
    return this.#keep(name, Array.isArray(value) ? value.map(String) : String(value));
  }

  get(name) {
    return this.#fields.get(String(name).toLowerCase())?.[1];
  }

  getHeader(name) {
    return this.get(name);
  }

  hasHeader(name) {
    return this.#fields.has(String(name).toLowerCase());
  }

  getHeaderNames() {
    return [...this.#fields.keys()];
  }

  getHeaders() {
    return Object.fromEntries([...this.#fields].map(([key, [, value]]) => [key, value]));
  }

  removeHeader(name) {
    if (!this.#door.begun) this.#fields.delete(String(name).toLowerCase());
    return this;
  }

  append(name, value) {
    const known = this.get(name);
    return this.set(name, known === undefined ? value : [known, value].flat());
  }

  type(name) {
    return this.set("Content-Type", typeOf(name));
  }

  contentType(name) {
    return this.type(name);
  }

  location(url) {
    const target = url === "back" ? (this.#request.get("referrer") ?? "/") : url;
    return this.set("Location", encodedAddress(target));
  }

  links(links) {
    const told = Object.keys(links).map((rel) => `<${links[rel]}>; rel="${rel}"`);
    const known = this.get("Link");
    return this.set("Link", [...(known === undefined ? [] : [known]), ...told].join(", "));
  }

  vary(field) {
    const names = (text) => String(text).split(",").map((each) => each.trim()).filter((each) => each !== "");
    const known = names(this.get("Vary") ?? "");
    for (const each of Array.isArray(field) ? field : names(field)) if (!known.some((one) => one.toLowerCase() === String(each).toLowerCase())) known.push(String(each));
    return this.set("Vary", known.includes("*") ? "*" : known.join(", "));
  }

  attachment(filename) {
    if (filename === undefined) return this.set("Content-Disposition", "attachment");
    const name = String(filename).split(/[/\\]/).at(-1);
    this.type(name);
    const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "?");
    const told = plain === name ? `attachment; filename="${name}"` : `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`;
    return this.set("Content-Disposition", told);
  }

  cookie(name, value, options = {}) {
    const { maxAge, signed, ...rest } = { path: "/", ...options };
    if (signed) throw new TypeError("signed cookies are not supported here: sign the value yourself, with crypto.subtle");
    const text = typeof value === "object" ? `j:${JSON.stringify(value)}` : String(value);
    if (maxAge !== undefined && maxAge !== null && Number.isFinite(Number(maxAge))) {
      rest.expires = new Date(Date.now() + Number(maxAge));
      rest.maxAge = Math.floor(Number(maxAge) / 1000);
    }
    if (rest.expires !== undefined && !(rest.expires instanceof Date)) rest.expires = new Date(rest.expires);
    return this.append("Set-Cookie", writeCookie({ name: String(name), value: text, ...rest }));
  }

  clearCookie(name, options = {}) {
    const { maxAge, expires, ...rest } = options;
    return this.cookie(name, "", { path: "/", ...rest, expires: new Date(1) });
  }

  // ---- the body ---------------------------------------------------------------------------------------

  send(...given) {
    if (this.#ignored("send")) return this;
    const value = this.#statusFirst(given);
    if (typeof value === "number" && given.length === 1) return this.#reasonOnly(value);
    const body = rendered(value);
    if (typeof body === "string") {
      this.#default("text/html; charset=utf-8");
      return this.#whole(body);
    }
    if (isBytes(body) || body instanceof ArrayBuffer) {
      this.#default("application/octet-stream");
      return this.#whole(bytesOf(body));
    }
    return body === undefined || body === null ? this.#whole("") : this.json(body);
  }

  json(...given) {
    if (this.#ignored("json")) return this;
    const text = JSON.stringify(this.#statusFirst(given));
    this.#default("application/json; charset=utf-8");
    return this.#whole(text ?? "");
  }

  jsonp(value) {
    let callback = this.#request.query.callback;
    if (Array.isArray(callback)) callback = callback[0];
    if (typeof callback !== "string" || callback === "") return this.json(value);
    if (this.#ignored("jsonp")) return this;
    const text = (JSON.stringify(value) ?? "").replace(/\u2028/g, "\\u2028").replace(/\u2029/g, "\\u2029");
    const name = callback.replace(/[^[\]\w$.]/g, "");
    this.set("X-Content-Type-Options", "nosniff");
    this.set("Content-Type", "text/javascript; charset=utf-8");
    return this.#whole(`/**/ typeof ${name} === 'function' && ${name}(${text});`);
  }

  sendStatus(code) {
    if (this.#ignored("sendStatus")) return this;
    this.type("txt");
    return this.#reasonOnly(code);
  }

  redirect(first, second) {
    if (this.#ignored("redirect")) return this;
    const [status, url] = typeof first === "number" ? [first, second] : typeof second === "number" ? [second, first] : [302, first];
    this.location(url);
    this.status(status);
    const address = this.get("Location");
    const reason = reasonOf(status);
    const html = this.#request.accepts("text", "html") === "html";
    this.set("Content-Type", html ? "text/html" : "text/plain");
    this.vary("Accept");
    return this.#whole(html ? `<p>${reason}. Redirecting to ${escaped(address)}</p>` : `${reason}. Redirecting to ${address}`);
  }

  // The first of the object's types that the client takes.
  format(choices) {
    const keys = Object.keys(choices).filter((key) => key !== "default");
    const chosen = keys.length ? this.#request.accepts(keys) : false;
    this.vary("Accept");
    if (chosen) {
      this.type(chosen);
      choices[chosen](this.#request, this);
    } else if (choices.default) choices.default(this.#request, this);
    else this.sendStatus(406);
    return this;
  }

  writeHead(status, ...rest) {
    if (this.#ignored("writeHead")) return this;
    this.status(status);
    if (typeof rest[0] === "string") this.statusMessage = rest.shift();
    const headers = rest[0] ?? {};
    if (Array.isArray(headers)) for (let i = 0; i + 1 < headers.length; i += 2) this.append(headers[i], headers[i + 1]);
    else for (const key of Object.keys(headers)) this.setHeader(key, headers[key]);
    return this;
  }

  flushHeaders() {
    if (!this.#door.begun) this.#begin();
  }

  write(chunk, encoding, callback) {
    if (this.#door.ended) {
      this.#ignored("write");
      return false;
    }
    if (!this.#door.begun) this.#begin();
    const bytes = bytesOf(chunk, encoding);
    if (!this.#silent && bytes.length) this.#door.write(bytes);
    callbackOf([encoding, callback])?.();
    return true;
  }

  end(chunk, encoding, callback) {
    const done = callbackOf([chunk, encoding, callback]);
    const data = typeof chunk === "function" ? undefined : chunk;
    if (this.#door.ended) {
      if (data !== undefined) this.#ignored("end");
      return this;
    }
    if (this.#door.begun) {
      if (data !== undefined && data !== null) this.write(data, encoding);
      this.#door.end();
      this.#finish();
    } else this.#whole(data === undefined || data === null ? null : bytesOf(data, encoding));
    done?.();
    return this;
  }

  // What Express 4 still takes, and said to be old: (status, body), (body, status), and a status alone.
  #statusFirst(given) {
    if (given.length < 2) return given[0];
    const [first, second] = given;
    const swapped = typeof first !== "number" && typeof second === "number";
    if (swapped || typeof first === "number") this.status(swapped ? second : first);
    return swapped || typeof first !== "number" ? first : second;
  }

  #reasonOnly(code) {
    this.status(code);
    if (!this.hasHeader("content-type")) this.type("txt");
    return this.#whole(reasonOf(this.statusCode) || String(this.statusCode));
  }

  #ignored(what) {
    if (!this.#door.begun) return false;
    console.warn(`res.${what}: an answer was sent already, and this one is ignored`);
    return true;
  }

  get #silent() {
    return this.#request.method === "HEAD" || this.statusCode in BODILESS;
  }

  #default(type) {
    if (!this.hasHeader("content-type")) this.#keep("Content-Type", type);
    else if (type.startsWith("text/html")) this.#keep("Content-Type", inUtf8(this.get("content-type")));
  }

  #list() {
    const list = [];
    for (const [name, value] of this.#fields.values()) for (const each of [value].flat()) list.push(name, each);
    return list;
  }

  #reason() {
    return this.statusMessage ?? reasonOf(this.statusCode);
  }

  #begin() {
    this.#door.begin(this.statusCode, this.#reason(), this.#list(), undefined);
  }

  #whole(body) {
    if (this.#request.fresh) this.statusCode = 304;
    if (this.statusCode in BODILESS) for (const name of ["content-type", "content-length", "transfer-encoding"]) this.removeHeader(name);
    this.#door.whole(this.statusCode, this.#reason(), this.#list(), this.statusCode in BODILESS ? null : body);
    this.#finish();
    return this;
  }
}
