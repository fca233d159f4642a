// TextEncoder and TextDecoder: UTF-8 by the engine, every other encoding by legacy.js.
import { glue } from "./engine.js";
import { arrayName, dictionary, publish, viewOf } from "./idl.js";

const UTF8 = "utf-8";
const EMPTY = new Uint8Array(0);

// How many bytes at the end begin a character that is not whole yet.
export function unfinished(bytes) {
  const n = bytes.length;
  let back = 0;
  while (back < 2 && back < n && (bytes[n - back - 1] & 0xc0) === 0x80) back++;
  if (back === n) return 0;
  const lead = bytes[n - back - 1];
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (back === 0) return 1;
  if (lead < 0xe0 || (lead < 0xf0 && back >= 2)) return 0;
  const least = lead === 0xf0 ? 0x90 : lead === 0xe0 ? 0xa0 : 0x80;
  const most = lead === 0xf4 ? 0x8f : lead === 0xed ? 0x9f : 0xbf;
  const second = bytes[n - back];
  return second >= least && second <= most ? back + 1 : 0;
}

export class TextEncoder {
  #brand = true;

  get encoding() {
    this.#brand;
    return UTF8;
  }

  encode(input = "") {
    this.#brand;
    return new Uint8Array(glue.encodeText(`${input}`));
  }

  encodeInto(source, destination) {
    this.#brand;
    let text = `${source}`;
    if (arrayName(destination) !== "Uint8Array") throw new TypeError("encodeInto writes into a Uint8Array");
    const room = destination.length;
    if (text.length > room) text = text.slice(0, room); // a unit is a byte at least
    let bytes = new Uint8Array(glue.encodeText(text));
    let read = text.length;
    if (bytes.length > room) {
      bytes = bytes.subarray(0, room);
      bytes = bytes.subarray(0, room - unfinished(bytes));
      read = glue.decodeText(bytes, false).length;
    }
    destination.set(bytes);
    return { read, written: bytes.length };
  }
}
Object.defineProperty(TextEncoder.prototype.encode, "length", { value: 0, configurable: true });
publish(TextEncoder, "TextEncoder");

// Legacy encodings: {nameOf(label), make(name, options)}. Set by legacy.js, which needs TextDecoder itself.
let legacy;
export function setLegacy(given) {
  legacy = given;
}

function nameOf(label) {
  if (label === UTF8 || label === "utf8" || label === "UTF-8") return UTF8;
  const name = legacy.nameOf(`${label}`);
  if (name === undefined) throw new RangeError(`the encoding ${JSON.stringify(`${label}`)} is not known`);
  return name;
}

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #other; // the decoder of a legacy encoding
  #rest = EMPTY; // what a chunk left over
  #streaming = false;
  #started = false; // whether a BOM may not come any more

  constructor(label = UTF8, options = undefined) {
    const name = nameOf(label);
    const { fatal, ignoreBOM } = dictionary(options, "options");
    this.#encoding = name;
    this.#fatal = !!fatal;
    this.#ignoreBOM = !!ignoreBOM;
    if (name !== UTF8) this.#other = legacy.make(name, { fatal: this.#fatal, ignoreBOM: this.#ignoreBOM });
  }

  get encoding() {
    return this.#encoding;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(input = undefined, options = undefined) {
    this.#fatal;
    let bytes = input === undefined ? EMPTY : viewOf(input);
    if (bytes === undefined) throw new TypeError("decode takes an ArrayBuffer or a view of one");
    const stream = options === undefined ? false : !!dictionary(options, "options").stream;
    if (this.#other !== undefined) return this.#other.decode(bytes, { stream });
    if (!this.#streaming) {
      this.#started = false;
      this.#rest = EMPTY;
    }
    this.#streaming = stream;
    if (this.#rest.length) bytes = joined(this.#rest, bytes);
    this.#rest = EMPTY;
    if (stream) {
      const left = unfinished(bytes);
      if (left) {
        this.#rest = bytes.slice(bytes.length - left);
        bytes = bytes.subarray(0, bytes.length - left);
      }
    }
    const text = glue.decodeText(bytes, this.#fatal);
    if (this.#started || this.#ignoreBOM || text === "") return text;
    this.#started = true;
    return text[0] === "\ufeff" ? text.slice(1) : text;
  }
}
Object.defineProperty(TextDecoder.prototype.decode, "length", { value: 0, configurable: true });
publish(TextDecoder, "TextDecoder");

function joined(a, b) {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
