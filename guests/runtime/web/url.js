// URL, by whatwg-url's parser. The class is ours: private fields, the search parameters made only when somebody looks,
// and one that crossed is parsed when it is first used, by its reader's own time.
import { parseAddress } from "./address.js";
import { isObject, needs, publish, scalar } from "./idl.js";
import { paramsOf, renew } from "./params.js";
import usm, { basicURLParse } from "./parser.js";

const { serializeURL } = usm;
const INSIDE = Symbol("inside");
let guts;

function invalid(input, base) {
  return new TypeError(base === undefined ? `Invalid URL: ${input}` : `Invalid URL: ${input} with base ${base}`);
}

export class URL {
  #record; // of the parser; a string until the first use, when it came from another guest
  #params;

  static {
    guts = {
      is: (value) => isObject(value) && #record in value,
      href: (url) => (typeof url.#record === "string" ? url.#record : serializeURL(url.#record)),
      query(url, query) {
        url.#url.query = query;
      },
    };
  }

  constructor(url, base = undefined) {
    if (url === INSIDE) {
      this.#record = base;
      return;
    }
    needs(1, arguments.length, "URL");
    const input = scalar(url);
    const from = base === undefined ? undefined : scalar(base);
    const record = parseAddress(input, from);
    if (record === null) throw invalid(input, from);
    this.#record = record;
  }

  static parse(url, base = undefined) {
    needs(1, arguments.length, "URL.parse");
    const record = parseAddress(scalar(url), base === undefined ? undefined : scalar(base));
    return record === null ? null : new URL(INSIDE, record);
  }

  static canParse(url, base = undefined) {
    needs(1, arguments.length, "URL.canParse");
    return parseAddress(scalar(url), base === undefined ? undefined : scalar(base)) !== null;
  }

  get #url() {
    const record = this.#record;
    if (typeof record !== "string") return record;
    const made = parseAddress(record);
    if (made === null) throw invalid(record);
    return (this.#record = made);
  }

  get href() {
    return serializeURL(this.#url);
  }

  set href(value) {
    this.#record;
    const input = scalar(value);
    const record = parseAddress(input);
    if (record === null) throw invalid(input);
    this.#record = record;
    this.#renew();
  }

  get origin() {
    return usm.serializeURLOrigin(this.#url);
  }

  get protocol() {
    return `${this.#url.scheme}:`;
  }

  set protocol(value) {
    const url = this.#url;
    basicURLParse(`${scalar(value)}:`, { url, stateOverride: "scheme start" });
  }

  get username() {
    return this.#url.username;
  }

  set username(value) {
    const url = this.#url;
    const input = scalar(value);
    if (!usm.cannotHaveAUsernamePasswordPort(url)) usm.setTheUsername(url, input);
  }

  get password() {
    return this.#url.password;
  }

  set password(value) {
    const url = this.#url;
    const input = scalar(value);
    if (!usm.cannotHaveAUsernamePasswordPort(url)) usm.setThePassword(url, input);
  }

  get host() {
    const { host, port } = this.#url;
    if (host === null) return "";
    return port === null ? usm.serializeHost(host) : `${usm.serializeHost(host)}:${port}`;
  }

  set host(value) {
    const url = this.#url;
    const input = scalar(value);
    if (!usm.hasAnOpaquePath(url)) basicURLParse(input, { url, stateOverride: "host" });
  }

  get hostname() {
    const { host } = this.#url;
    return host === null ? "" : usm.serializeHost(host);
  }

  set hostname(value) {
    const url = this.#url;
    const input = scalar(value);
    if (!usm.hasAnOpaquePath(url)) basicURLParse(input, { url, stateOverride: "hostname" });
  }

  get port() {
    const { port } = this.#url;
    return port === null ? "" : `${port}`;
  }

  set port(value) {
    const url = this.#url;
    const input = scalar(value);
    if (usm.cannotHaveAUsernamePasswordPort(url)) return;
    if (input === "") url.port = null;
    else basicURLParse(input, { url, stateOverride: "port" });
  }

  get pathname() {
    return usm.serializePath(this.#url);
  }

  set pathname(value) {
    const url = this.#url;
    const input = scalar(value);
    if (usm.hasAnOpaquePath(url)) return;
    url.path = [];
    basicURLParse(input, { url, stateOverride: "path start" });
  }

  get search() {
    const { query } = this.#url;
    return query === null || query === "" ? "" : `?${query}`;
  }

  set search(value) {
    const url = this.#url;
    const input = scalar(value);
    if (input === "") url.query = null;
    else {
      url.query = "";
      basicURLParse(input[0] === "?" ? input.slice(1) : input, { url, stateOverride: "query" });
    }
    this.#renew();
  }

  get searchParams() {
    return (this.#params ??= paramsOf(this.#url.query ?? "", this));
  }

  get hash() {
    const { fragment } = this.#url;
    return fragment === null || fragment === "" ? "" : `#${fragment}`;
  }

  set hash(value) {
    const url = this.#url;
    const input = scalar(value);
    if (input === "") {
      url.fragment = null;
      return;
    }
    url.fragment = "";
    basicURLParse(input[0] === "#" ? input.slice(1) : input, { url, stateOverride: "fragment" });
  }

  toJSON() {
    return serializeURL(this.#url);
  }

  toString() {
    return serializeURL(this.#url);
  }

  #renew() {
    if (this.#params !== undefined) renew(this.#params, this.#url.query ?? "");
  }
}
for (const key of ["parse", "canParse"]) Object.defineProperty(URL[key], "length", { value: 1, configurable: true });
publish(URL, "URL", ["parse", "canParse"]);

// ---- for the rest of the house -----------------------------------------------------------------------

export const isURL = (value) => guts.is(value);
export const hrefOf = (url) => guts.href(url);
// A URL of a string that another guest sent: nothing is parsed now.
export const urlOf = (href) => new URL(INSIDE, href);
export const setQuery = (url, query) => guts.query(url, query);
