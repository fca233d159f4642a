// Addresses as the parser's records. What is written plainly (http or https, a name in lower case, nothing to encode or to resolve)
// is taken apart by one expression: whatwg-url's parser goes letter by letter, and takes fifty times as long for the same record.
import usm, { basicURLParse } from "./parser.js";

const { exec } = RegExp.prototype;
const { split } = String.prototype;
const { apply } = Reflect;

const SAFE = "A-Za-z0-9\\-._~!$&()*+,;=:@%/";
const PLAIN = new RegExp(`^(https?)://([a-z0-9-]+(?:\\.[a-z0-9-]+)*)(?::([0-9]{1,5}))?(/[${SAFE}]*)?(?:\\?([${SAFE}?]*))?(?:#([${SAFE}?]*))?$`);
const NUMBER_OR_PUNYCODE = /(?:^|\.)(?:[^a-z.][^.]*$|xn--)/; // a host that ends in a number is an IPv4 address
const DOTS = /\/(?:\.|%2e)/i;
const USUAL = { __proto__: null, http: 80, https: 443 };

const matches = (pattern, text) => apply(exec, pattern, [text]) !== null;

function plain(text) {
  const found = apply(exec, PLAIN, [text]);
  if (found === null) return undefined;
  const [, scheme, host, digits, path, query, fragment] = found;
  if (matches(NUMBER_OR_PUNYCODE, host) || (path !== undefined && matches(DOTS, path))) return undefined;
  const port = digits === undefined ? null : +digits;
  if (port > 65535) return undefined;
  return {
    scheme,
    username: "",
    password: "",
    host,
    port: port === USUAL[scheme] ? null : port,
    path: path === undefined ? [""] : apply(split, path.slice(1), ["/"]),
    query: query ?? null,
    fragment: fragment ?? null,
  };
}

const parseOne = (input) => plain(input) ?? basicURLParse(input);

// The record of an address, or null.
export function parseAddress(input, base = undefined) {
  if (base === undefined) return parseOne(input);
  const from = parseOne(base);
  return from === null ? null : (plain(input) ?? basicURLParse(input, { baseURL: from }));
}

export const addressOf = usm.serializeURL;
