// TextEncoderStream and TextDecoderStream.
import { glue } from "./engine.js";
import { publish, viewOf } from "./idl.js";
import { TransformStream } from "./streams.js";
import { TextDecoder } from "./text.js";

const isLead = (text) => {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last < 0xdc00;
};

export class TextEncoderStream {
  #transform;

  constructor() {
    let lead = ""; // half a character that the next chunk may complete
    const enqueue = (controller, text) => {
      if (text !== "") controller.enqueue(new Uint8Array(glue.encodeText(text)));
    };
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        const given = `${chunk}`;
        if (given === "") return;
        const text = lead + given;
        lead = isLead(text) ? text[text.length - 1] : "";
        enqueue(controller, lead === "" ? text : text.slice(0, -1));
      },
      flush: (controller) => enqueue(controller, lead),
    });
  }

  get encoding() {
    this.#transform;
    return "utf-8";
  }

  get readable() {
    return this.#transform.readable;
  }

  get writable() {
    return this.#transform.writable;
  }
}
publish(TextEncoderStream, "TextEncoderStream");

export class TextDecoderStream {
  #decoder;
  #transform;

  constructor(label = undefined, options = undefined) {
    const decoder = new TextDecoder(label, options);
    const enqueue = (controller, text) => {
      if (text !== "") controller.enqueue(text);
    };
    this.#decoder = decoder;
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        if (viewOf(chunk) === undefined) throw new TypeError("a chunk to decode is an ArrayBuffer or a view of one");
        enqueue(controller, decoder.decode(chunk, { stream: true }));
      },
      flush: (controller) => enqueue(controller, decoder.decode()),
    });
  }

  get encoding() {
    return this.#decoder.encoding;
  }

  get fatal() {
    return this.#decoder.fatal;
  }

  get ignoreBOM() {
    return this.#decoder.ignoreBOM;
  }

  get readable() {
    return this.#transform.readable;
  }

  get writable() {
    return this.#transform.writable;
  }
}
publish(TextDecoderStream, "TextDecoderStream");
