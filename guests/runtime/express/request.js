// Express's req, of a request that has arrived whole.
import { Buffer } from "buffer";
import { parseCookie as parseCookies } from "cookie";
import fresh from "fresh";
import Negotiator from "negotiator";
import { queryOf } from "./body.js";
import { essenceOf, matches, typeOf } from "./types.js";

const ADDRESS = /^(?:\[|\d+(?:\.\d+){3}$)/;

// A name, or a list of names, or several: one list.
const listed = (first, rest) => (Array.isArray(first) ? first : [first, ...rest]);

function combined(list) {
  const headers = {};
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i];
    const joint = name === "cookie" ? "; " : ", ";
    const value = Object.hasOwn(headers, name) ? `${headers[name]}${joint}${list[i + 1]}` : list[i + 1];
    Object.defineProperty(headers, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return headers;
}

// A value of a cookie as Express's own parser gives it: without quotes around it; j: is JSON.
function cookieValue(written) {
  const text = written.length > 1 && written.startsWith('"') && written.endsWith('"') ? written.slice(1, -1) : written;
  if (!text.startsWith("j:")) return text;
  try {
    return JSON.parse(text.slice(2));
  } catch {
    return text;
  }
}

function cookiesOf(header) {
  const cookies = Object.create(null);
  if (header === undefined) return cookies;
  const found = parseCookies(header);
  for (const name of Object.keys(found)) if (found[name] !== undefined) cookies[name] = cookieValue(found[name]);
  return cookies;
}

export class ExpressRequest {
  #negotiator;
  #response;

  constructor(it, body, bytes) {
    this.method = it.method;
    this.url = it.path + it.search;
    this.originalUrl = it.base + it.path + it.search;
    this.baseUrl = it.base;
    this.path = it.path;
    this.params = {};
    this.query = queryOf(it.search.slice(1));
    this.headers = combined(it.headers);
    this.rawHeaders = [...it.headers];
    this.rawBody = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.body = body;
    this.protocol = it.protocol;
    this.secure = it.protocol === "https";
    this.hostname = it.hostname;
    this.host = this.headers.host;
    this.subdomains = ADDRESS.test(it.hostname) ? [] : it.hostname.split(".").reverse().slice(2);
    this.ip = it.ip;
    this.ips = [];
    this.httpVersion = "1.1";
    this.cookies = cookiesOf(this.headers.cookie);
    this.signedCookies = Object.create(null);
    this.xhr = (this.headers["x-requested-with"] ?? "").toLowerCase() === "xmlhttprequest";
    this.#negotiator = new Negotiator({ headers: this.headers });
  }

  // Which response says whether what the client has is fresh.
  answeredBy(response) {
    this.#response = response;
  }

  get fresh() {
    if (this.method !== "GET" && this.method !== "HEAD") return false;
    const { statusCode } = this.#response;
    if ((statusCode < 200 || statusCode >= 300) && statusCode !== 304) return false;
    return fresh(this.headers, { etag: this.#response.get("etag"), "last-modified": this.#response.get("last-modified") });
  }

  get stale() {
    return !this.fresh;
  }

  get(name) {
    if (typeof name !== "string") throw new TypeError("req.get takes the name of a header");
    const key = name.toLowerCase();
    if (key === "referer" || key === "referrer") return this.headers.referrer ?? this.headers.referer;
    return this.headers[key];
  }

  header(name) {
    return this.get(name);
  }

  // The first of these types that the body is of, as it was asked for; false for none, null without a body.
  is(first, ...rest) {
    const { headers } = this;
    if (headers["transfer-encoding"] === undefined && !(Number(headers["content-length"]) > 0) && this.rawBody.length === 0) return null;
    const type = essenceOf(headers["content-type"] ?? "");
    if (type === undefined) return false;
    const wanted = listed(first, rest);
    if (first === undefined || wanted.length === 0) return type;
    for (const each of wanted) if (matches(each, type)) return String(each).includes("*") || String(each).startsWith("+") ? type : each;
    return false;
  }

  accepts(first, ...rest) {
    if (first === undefined) return this.#negotiator.mediaTypes();
    const wanted = listed(first, rest);
    if (this.headers.accept === undefined) return wanted[0];
    const types = wanted.map((each) => typeOf(each));
    const [best] = this.#negotiator.mediaTypes(types);
    return best === undefined ? false : wanted[types.indexOf(best)];
  }

  acceptsCharsets(first, ...rest) {
    return this.#chosen("charsets", first, rest);
  }

  acceptsEncodings(first, ...rest) {
    return this.#chosen("encodings", first, rest);
  }

  acceptsLanguages(first, ...rest) {
    return this.#chosen("languages", first, rest);
  }

  #chosen(what, first, rest) {
    if (first === undefined) return this.#negotiator[what]();
    return this.#negotiator[what](listed(first, rest))[0] ?? false;
  }

  param(name, otherwise) {
    for (const place of [this.params, this.body, this.query]) if (place !== null && typeof place === "object" && Object.hasOwn(place, name)) return place[name];
    return otherwise;
  }
}
