// The body of a Request or a Response, inside: text or bytes that are there, a source that is asked, or a stream.
// A stream is made only when somebody looks at `body`, or hands one in; everything else goes without.
import { blobOf, bytesOf, isBlob, joined } from "./blob.js";
import { glue } from "./engine.js";
import { entriesOf, formOf, isForm } from "./form.js";
import { scalar, viewOf } from "./idl.js";
import { typeOfHeader } from "./mime.js";
import { newBoundary, readForm, writeForm } from "./multipart.js";
import { isParams, parseUrlencoded, pairsOf, serializeUrlencoded } from "./params.js";
import { checkedChunk, foreignSource, isDisturbed, isForeignReadable, isLocked, isReadable, sourceOf, streamFrom, streamOf, teeCopied } from "./streams.js";

const { parse } = JSON;
const { defineProperty } = Object;
const { ownKeys } = Reflect;
const EMPTY = new Uint8Array(0);

export class Payload {
  text; // a string without lone surrogates
  bytes; // a Uint8Array that nobody changes
  source; // {pull, cancel}
  stream; // made of the others, or given
  used = false; // taken without a stream

  constructor(text, bytes, source, stream) {
    this.text = text;
    this.bytes = bytes;
    this.source = source;
    this.stream = stream;
  }
}

export const ofText = (text) => new Payload(text);
export const ofBytes = (bytes) => new Payload(undefined, bytes);
export const ofSource = (source) => new Payload(undefined, undefined, source);
export const ofStream = (stream) => new Payload(undefined, undefined, undefined, stream);

export const isUsed = (payload) => payload !== null && (payload.used || (payload.stream !== undefined && isDisturbed(payload.stream)));
export const isHeld = (payload) => payload !== null && payload.stream !== undefined && isLocked(payload.stream);
export const isBuffered = (payload) => payload.text !== undefined || payload.bytes !== undefined;

export function insistUsable(payload) {
  if (isUsed(payload)) throw new TypeError("the body was used already");
  if (isHeld(payload)) throw new TypeError("the body is locked to a reader");
  return payload;
}

// ---- into a payload -----------------------------------------------------------------------------------

const usableStream = (stream) => {
  if (isDisturbed(stream) || isLocked(stream)) throw new TypeError("a body's stream must be unused and not locked");
  return ofStream(stream);
};

function ofForeign(stream) {
  if (stream.locked) throw new TypeError("a body's stream must be unused and not locked");
  let source;
  return ofSource({
    pull: () => (source ??= foreignSource(stream)).pull(),
    cancel: (reason) => (source === undefined ? stream.cancel(reason) : source.cancel(reason)),
  });
}

// "extract a body": [payload, type or null]
export function extract(init) {
  if (typeof init === "string") return [ofText(scalar(init)), "text/plain;charset=UTF-8"];
  if (typeof init === "object" && init !== null) {
    if (isReadable(init)) return [usableStream(init), null];
    if (isBlob(init)) return [ofBytes(bytesOf(init)), init.type || null];
    const view = viewOf(init);
    if (view !== undefined) return [ofBytes(view.slice()), null];
    if (isParams(init)) return [ofText(serializeUrlencoded(pairsOf(init))), "application/x-www-form-urlencoded;charset=UTF-8"];
    if (isForm(init)) {
      const boundary = newBoundary();
      return [ofBytes(writeForm(entriesOf(init), boundary)), `multipart/form-data; boundary=${boundary}`];
    }
    if (isForeignReadable(init)) return [ofForeign(init), null];
  }
  return [ofText(scalar(init)), "text/plain;charset=UTF-8"];
}

// Whether this comes without a length: then a request must say duplex.
export const isOpen = (payload) => !isBuffered(payload);

// ---- out of a payload ---------------------------------------------------------------------------------

export const encoded = (payload) => (payload.text === undefined ? payload.bytes : (payload.bytes ??= new Uint8Array(glue.encodeText(payload.text))));

export function streamOfPayload(payload) {
  if (payload.stream !== undefined) return payload.stream;
  if (payload.used) {
    const gone = streamOf(EMPTY);
    gone.getReader().read();
    return (payload.stream = gone);
  }
  return (payload.stream = payload.source === undefined ? streamOf(encoded(payload)) : streamFrom(payload.source));
}

async function collect(source) {
  const chunks = [];
  for (let chunk = await source.pull(); chunk !== undefined; chunk = await source.pull()) chunks.push(checkedChunk(chunk));
  return chunks.length ? joined(chunks) : EMPTY;
}

// What the body is read with, once; marks it used.
export function taken(payload) {
  if (payload.stream !== undefined) return sourceOf(payload.stream);
  payload.used = true;
  return payload.source;
}

// All bytes; not to be changed. Marks the body used.
async function drained(payload) {
  const source = taken(payload);
  return source === undefined ? encoded(payload) : collect(source);
}

export function cloned(payload) {
  if (payload === null) return null;
  if (isBuffered(payload)) return new Payload(payload.text, payload.bytes);
  const [mine, other] = teeCopied(streamOfPayload(payload));
  payload.stream = mine;
  payload.source = undefined;
  return ofStream(other);
}

// The same body for another object; this one counts as used.
export function moved(payload) {
  if (payload === null) return null;
  const source = taken(payload);
  payload.used = true;
  return isBuffered(payload) ? new Payload(payload.text, payload.bytes) : ofSource(source);
}

const withoutMark = (text) => (text[0] === "\ufeff" ? text.slice(1) : text);

async function textOf(payload) {
  insistUsable(payload);
  if (payload === null) return "";
  if (payload.text !== undefined && payload.stream === undefined) {
    payload.used = true;
    return withoutMark(payload.text);
  }
  return withoutMark(glue.decodeText(await drained(payload), false));
}

// Bytes that are the asker's own.
async function freshBytes(payload) {
  insistUsable(payload);
  return payload === null ? new Uint8Array(0) : (await drained(payload)).slice();
}

async function formFrom(payload, header) {
  insistUsable(payload);
  const type = typeOfHeader(header);
  const bytes = payload === null ? EMPTY : await drained(payload);
  if (type?.essence === "multipart/form-data" && type.parameters.has("boundary")) return formOf(readForm(bytes, type.parameters.get("boundary")));
  if (type?.essence !== "application/x-www-form-urlencoded") throw new TypeError("the body's type is no form's");
  return formOf(parseUrlencoded(withoutMark(glue.decodeText(bytes, false))));
}

// ---- the Body mixin -----------------------------------------------------------------------------------

// payloadOf(object) and headerOf(object), its content-type, throw when the object is no such thing.
export function bodied(Class, payloadOf, headerOf, blobType) {
  const members = {
    get body() {
      const payload = payloadOf(this);
      return payload === null ? null : streamOfPayload(payload);
    },
    get bodyUsed() {
      return isUsed(payloadOf(this));
    },
    async arrayBuffer() {
      return (await freshBytes(payloadOf(this))).buffer;
    },
    async blob() {
      const payload = payloadOf(this);
      const type = blobType(headerOf(this));
      return blobOf(await freshBytes(payload), type);
    },
    async bytes() {
      return freshBytes(payloadOf(this));
    },
    async formData() {
      return formFrom(payloadOf(this), headerOf(this));
    },
    async json() {
      return parse(await textOf(payloadOf(this)));
    },
    async text() {
      return textOf(payloadOf(this));
    },
  };
  for (const key of ownKeys(members)) defineProperty(Class.prototype, key, Object.getOwnPropertyDescriptor(members, key));
}
