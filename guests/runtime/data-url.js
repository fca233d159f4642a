// data: addresses, as the Fetch standard's "data: URL processor" reads them. They ask nobody.
import { makeResponse } from "./web/body.js";
import { parseType, serializeType } from "./web/mime.js";

const { atob } = globalThis;
const PLAIN = "text/plain;charset=US-ASCII";
const BASE64 = /; *base64$/i;
const HEX = /^[0-9A-Fa-f]{2}$/;

// Percent-decoded bytes, one character each; what is no escape stays as it is.
function decoded(text) {
  let bytes = "";
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === "%" ? text.slice(i + 1, i + 3) : "";
    if (HEX.test(hex)) {
      bytes += String.fromCharCode(parseInt(hex, 16));
      i += 2;
    } else bytes += text[i];
  }
  return bytes;
}

function bytesOf(text) {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function typeOf(text) {
  const type = parseType(text.startsWith(";") ? `text/plain${text}` : text);
  return type === null ? PLAIN : serializeType(type);
}

export function fromData({ url, method }) {
  const address = url.split("#", 1)[0];
  const comma = address.indexOf(",");
  if (comma < 0) throw new TypeError("fetch failed: this data: address has no comma");
  let type = address.slice("data:".length, comma).trim();
  let text = decoded(address.slice(comma + 1));
  if (BASE64.test(type)) {
    try {
      text = atob(text);
    } catch {
      throw new TypeError("fetch failed: this data: address is not in base64");
    }
    type = type.replace(BASE64, "");
  }
  const body = method === "HEAD" ? {} : { bytes: bytesOf(text) };
  return makeResponse({ statusText: "OK", url: address, headers: ["content-type", typeOf(type)], ...body });
}
