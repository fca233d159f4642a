// Blob and File. The bytes are one Uint8Array that nobody changes: a slice is a view of it.
import { glue } from "./engine.js";
import { dictionary, isObject, needs, publish, scalar, viewOf } from "./idl.js";
import { streamOf } from "./streams.js";

const INSIDE = Symbol("inside");
const { iterator } = Symbol;
const { apply } = Reflect;
const PRINTABLE = /^[\x20-\x7e]*$/;
let held;

export const typeOf = (text) => (PRINTABLE.test(text) ? text.toLowerCase() : "");

// One Uint8Array of many.
export function joined(chunks) {
  if (chunks.length === 1) return chunks[0];
  let size = 0;
  for (let i = 0; i < chunks.length; i++) size += chunks[i].length;
  const whole = new Uint8Array(size);
  for (let i = 0, at = 0; i < chunks.length; at += chunks[i++].length) whole.set(chunks[i], at);
  return whole;
}

// Everything is converted before anything is copied: a conversion may run code that changes what came before it.
function converted(parts) {
  const iterate = isObject(parts) ? parts[iterator] : undefined;
  if (typeof iterate !== "function") throw new TypeError("a Blob is made of a list of parts");
  const list = [];
  for (const part of { [iterator]: () => apply(iterate, parts, []) }) list.push(held.is(part) || viewOf(part) !== undefined ? part : scalar(part));
  return list;
}

function chunkOf(part, native) {
  if (typeof part === "string") return new Uint8Array(glue.encodeText(native ? part.replace(/\r\n|\r/g, "\n") : part));
  return held.is(part) ? held.bytes(part) : viewOf(part).slice();
}

// The nearest integer, of two the even one: how the platform reads a place that is clamped.
function nearest(number) {
  const below = Math.floor(number);
  const over = number - below;
  return below + (over > 0.5 || (over === 0.5 && below % 2 !== 0) ? 1 : 0) || 0;
}

function clamped(value, size, otherwise) {
  if (value === undefined) return otherwise;
  const wanted = nearest(Number(value));
  return wanted < 0 ? Math.max(size + wanted, 0) : Math.min(wanted, size);
}

// What a Blob holds, put onto an object: File is no derived class, whose `super` a val could lead elsewhere.
class Held extends function (object) {
  return object;
} {
  #bytes;
  #type;

  constructor(object, bytes, type) {
    super(object);
    this.#bytes = bytes;
    this.#type = type;
  }

  static {
    held = {
      is: (value) => isObject(value) && #bytes in value,
      bytes: (blob) => blob.#bytes,
      type: (blob) => blob.#type,
    };
  }
}

function hold(blob, parts, options) {
  const list = parts === undefined ? [] : converted(parts);
  const given = dictionary(options, "options");
  const { endings = "transparent" } = given;
  const ends = `${endings}`;
  if (ends !== "native" && ends !== "transparent") throw new TypeError("endings is transparent or native");
  const { type = "" } = given;
  const called = `${type}`;
  const chunks = [];
  for (let i = 0; i < list.length; i++) chunks.push(chunkOf(list[i], ends === "native"));
  new Held(blob, chunks.length ? joined(chunks) : new Uint8Array(0), typeOf(called));
}

export class Blob {
  constructor(parts = undefined, options = undefined) {
    if (parts === INSIDE) new Held(this, options.bytes, options.type);
    else hold(this, parts, options);
  }

  get size() {
    return held.bytes(this).length;
  }

  get type() {
    return held.type(this);
  }

  slice(start = undefined, end = undefined, type = undefined) {
    const bytes = held.bytes(this);
    const from = clamped(start, bytes.length, 0);
    const to = clamped(end, bytes.length, bytes.length);
    return blobOf(bytes.subarray(from, Math.max(from, to)), type === undefined ? "" : typeOf(`${type}`));
  }

  stream() {
    return streamOf(held.bytes(this));
  }

  async text() {
    const text = glue.decodeText(held.bytes(this), false);
    return text[0] === "\ufeff" ? text.slice(1) : text;
  }

  async arrayBuffer() {
    return held.bytes(this).slice().buffer;
  }

  async bytes() {
    return held.bytes(this).slice();
  }
}
Object.defineProperty(Blob.prototype.slice, "length", { value: 0, configurable: true });
publish(Blob, "Blob");

let isFileInside;

export class File {
  #name;
  #modified;

  static {
    isFileInside = (value) => isObject(value) && #name in value;
  }

  constructor(parts, name, options = undefined) {
    if (parts === INSIDE) {
      new Held(this, options.bytes, options.type);
      this.#name = name;
      this.#modified = options.modified;
      return;
    }
    needs(2, arguments.length, "File");
    if (parts === undefined) throw new TypeError("a File is made of a list of parts");
    hold(this, parts, options);
    this.#name = scalar(name);
    const { lastModified } = dictionary(options, "options");
    this.#modified = lastModified === undefined ? Math.floor(glue.now()) : Math.trunc(Number(lastModified)) || 0;
  }

  get name() {
    return this.#name;
  }

  get lastModified() {
    return this.#modified;
  }

  get webkitRelativePath() {
    this.#name;
    return "";
  }
}
Object.setPrototypeOf(File, Blob);
Object.setPrototypeOf(File.prototype, Blob.prototype);
publish(File, "File");

// ---- for the rest of the house -----------------------------------------------------------------------

export const isBlob = (value) => held.is(value);
export const isFile = (value) => isFileInside(value);
// A blob's bytes: not to be changed, and not to be given to a val.
export const bytesOf = (blob) => held.bytes(blob);
export const blobOf = (bytes, type) => new Blob(INSIDE, { bytes, type });
export const fileOf = (bytes, name, type, modified) => new File(INSIDE, name, { bytes, type, modified });
