// What libraries look for on the global object while they load, before anything of ours is installed there.
// The decoder knows just enough for the library of legacy encodings, which takes what is native for granted.
import { install } from "../born.js";
import { glue } from "./engine.js";
import { TextEncoder } from "./text.js";

const { fromCharCode } = String;
const { apply } = Reflect;
const KNOWN = { __proto__: null, "utf-8": 1, latin1: 1, "utf-16le": 2, "utf-16be": 2 };
const SOME = 8192;

class EarlyDecoder {
  constructor(label, { fatal = false } = {}) {
    if (!(label in KNOWN)) throw new RangeError(label);
    this.wide = KNOWN[label] === 2;
    this.little = label === "utf-16le";
    this.fatal = fatal;
  }

  decode(bytes) {
    if (!this.wide) return glue.decodeText(bytes, this.fatal); // "latin1" is asked for ASCII only
    const units = new Uint16Array(bytes.length >> 1);
    const [low, high] = this.little ? [0, 1] : [1, 0];
    for (let i = 0; i < units.length; i++) units[i] = bytes[2 * i + low] | (bytes[2 * i + high] << 8);
    let text = "";
    for (let i = 0; i < units.length; i += SOME) text += apply(fromCharCode, null, units.subarray(i, i + SOME));
    if (this.fatal && !text.isWellFormed()) throw new TypeError("this is no UTF-16");
    return text.toWellFormed();
  }
}

install(globalThis, { TextEncoder, TextDecoder: EarlyDecoder });
