// The encodings that are not UTF-8, by @exodus/bytes.
import "./early.js";
import { TextDecoder as Decoder, normalizeEncoding } from "@exodus/bytes/encoding.js";
import { setLegacy } from "./text.js";

setLegacy({
  nameOf(label) {
    const name = normalizeEncoding(label);
    return name === null || name === "replacement" ? undefined : name;
  },
  make: (name, options) => new Decoder(name, options),
});
