// Bytes: copies that nobody else holds, base64url, fields packed as host_api/crypto/fields.py packs them.
import { arrayName } from "../web/idl.js";
import { fail } from "./fail.js";

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { isView } = ArrayBuffer;
const unbound = (method) => Function.prototype.call.bind(method);
const getter = (prototype, name) => unbound(getOwnPropertyDescriptor(prototype, name).get);
const typed = getPrototypeOf(Uint8Array.prototype);
const set = unbound(typed.set);
const charCodeAt = unbound(String.prototype.charCodeAt);

const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const OF = { __proto__: null, view: {}, data: {} };
for (const name of ["buffer", "byteOffset", "byteLength"]) {
  OF.view[name] = getter(typed, name);
  OF.data[name] = getter(DataView.prototype, name);
}
export const viewLength = OF.view.byteLength;

// A BufferSource as a fresh ArrayBuffer: what happens to the source afterwards changes nothing.
export function copied(source) {
  let from;
  if (isView(source)) {
    const get = arrayName(source) === undefined ? OF.data : OF.view;
    from = new Uint8Array(get.buffer(source), get.byteOffset(source), get.byteLength(source));
  } else {
    try {
      bufferLength(source);
    } catch {
      throw new TypeError("this takes an ArrayBuffer or a view of one");
    }
    from = new Uint8Array(source);
  }
  const copy = new Uint8Array(viewLength(from));
  set(copy, from);
  return copy.buffer;
}

export const sizeOf = (buffer) => bufferLength(buffer);

export function joined(...buffers) {
  let size = 0;
  for (let i = 0; i < buffers.length; i++) size += bufferLength(buffers[i]);
  const all = new Uint8Array(size);
  size = 0;
  for (let i = 0; i < buffers.length; i++) {
    set(all, new Uint8Array(buffers[i]), size);
    size += bufferLength(buffers[i]);
  }
  return all.buffer;
}

// The first bits of some bytes; what is left of the last byte is zero.
export function firstBits(buffer, bits) {
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  set(bytes, new Uint8Array(buffer, 0, bytes.length));
  if (bits % 8) bytes[bytes.length - 1] &= 0xff << (8 - (bits % 8));
  return bytes.buffer;
}

export function packed(...fields) {
  const parts = [];
  for (let i = 0; i < fields.length; i++) {
    const size = bufferLength(fields[i]);
    parts[2 * i] = new Uint8Array([size, size >> 8, size >> 16, size >> 24]).buffer;
    parts[2 * i + 1] = fields[i];
  }
  return joined(...parts);
}

export function unpacked(buffer) {
  const bytes = new Uint8Array(buffer);
  const fields = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    fields[fields.length] = copied(new Uint8Array(buffer, at + 4, size));
    at += 4 + size;
  }
  return fields;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = Object.create(null);
for (let i = 0; i < 64; i++) VALUES[DIGITS[i]] = i;

export function toBase64Url(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = bytes.length - i > 2 ? 4 : bytes.length - i + 1;
    for (let digit = 0; digit < digits; digit++) text += DIGITS[(three >> (18 - 6 * digit)) & 63];
  }
  return text;
}

export function fromBase64Url(text, what) {
  if (typeof text !== "string" || text.length % 4 === 1) fail("DataError", `${what} of a JWK is base64url`);
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = VALUES[text[i]];
    if (digit === undefined) fail("DataError", `${what} of a JWK is base64url`);
    value = ((value << 6) | digit) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = value >> bits;
  }
  return bytes.buffer;
}

export function fromLatin(text) {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = charCodeAt(text, i);
  return bytes.buffer;
}
