// What of the web crosses between owners. By copy: the table below. By reference, but as everybody's own: the list under it.
//
// `dehydrate` says the state in the sender: undefined when the object is no real one. `hydrate` makes the object again in the receiver,
// of a state that a stranger wrote, while its message is read: it checks all of it, and runs nothing that the receiver's val may have
// patched: captured functions, own properties and index loops only.
import { bufferOf } from "../pieces.js";
import { AbortController, AbortSignal, isOwnSignal } from "./abort.js";
import { Blob, blobOf, bytesOf, File, fileOf, isBlob, isFile } from "./blob.js";
import { entriesOf, FormData, formOf, isForm } from "./form.js";
import { glue } from "./engine.js";
import { CustomEvent, Event } from "./event.js";
import { checkedList, guardOf, GUARDS, Headers, headersOf, isHeaders, isToken, listOf } from "./headers.js";
import { arrayName, copied } from "./idl.js";
import { isBuffered, isHeld, isUsed, ofBytes, ofSource, ofText, streamOfPayload } from "./payload.js";
import { isParams, pairsOf, paramsFrom, URLSearchParams } from "./params.js";
import { Performance } from "./performance.js";
import { isRequest, Request, requestGuard, requestList, requestOf, requestParts, requestSignal } from "./request.js";
import { isReason, isResponse, Response, responseGuard, responseList, responseOf, responseParts } from "./response.js";
import * as streams from "./streams.js";
import { EventTarget } from "./target.js";
import { TextDecoder, TextEncoder } from "./text.js";
import { TextDecoderStream, TextEncoderStream } from "./text-streams.js";
import { hrefOf, isURL, URL, urlOf } from "./url.js";

const { hasOwn } = Object;
const { isArray } = Array;
const { isInteger } = Number;
const { apply } = Reflect;

// ---- reading a stranger's state ------------------------------------------------------------------------

const bad = () => new TypeError("the other side sent what is none of the web's objects");

// An array of so many own items.
function fields(state, count) {
  if (!isArray(state) || state.length !== count) throw bad();
  for (let i = 0; i < count; i++) if (!hasOwn(state, i)) throw bad();
  return state;
}

function insist(good) {
  if (!good) throw bad();
}

const isText = (value) => typeof value === "string";
const isBytes = (value) => arrayName(value) === "Uint8Array";
const among = (list, value) => {
  for (let i = 0; i < list.length; i++) if (list[i] === value) return true;
  return false;
};

// Half characters do not occur in what the web's objects hold.
const { isWellFormed } = String.prototype;
const isScalar = (text) => apply(isWellFormed, text, []);

// What a header may hold: a body's Blob has the type of its header.
function isBlobType(text) {
  for (let i = 0; i < text.length; i++) if ((text[i] < " " && text[i] !== "\t") || text[i] === "\x7f" || text[i] > "\xff") return false;
  return true;
}

// ---- bodies: null, [0, text], [1, bytes], [2, pull, cancel] ---------------------------------------------

const refused = (text) => new DOMException(text, "DataCloneError");

// Of a view of a larger buffer, only what the view shows goes.
const whole = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bufferOf(bytes)));

// Whether what is packed is data that was read from the store, to see what has changed: a body that was read there has not.
let keeping = false;

export function asKept(pack) {
  keeping = true;
  try {
    return pack();
  } finally {
    keeping = false;
  }
}

function sendBody(payload) {
  if (payload === null) return null;
  if (!(keeping && isBuffered(payload))) {
    if (isUsed(payload)) throw refused("a body that is used");
    if (isHeld(payload)) throw refused("a locked body");
  }
  if (payload.text !== undefined) return [0, payload.text];
  if (isBuffered(payload)) return [1, whole(payload.bytes)];
  const [mine, theirs] = streams.teeStream(streamOfPayload(payload));
  payload.stream = mine;
  payload.source = undefined;
  const source = streams.sourceOf(theirs);
  return [
    2,
    async () => {
      const chunk = await source.pull();
      return chunk === undefined ? undefined : whole(chunk);
    },
    (reason) => void source.cancel(reason), // not awaited: a teed stream ends when its other branch is not wanted either
  ];
}

function receiveBody(state) {
  if (state === null) return null;
  insist(isArray(state) && hasOwn(state, 0));
  const kind = state[0];
  if (kind === 2) {
    fields(state, 3);
    insist(typeof state[1] === "function" && typeof state[2] === "function");
    const pull = state[1];
    const cancel = state[2];
    return ofSource({ pull: () => pull(), cancel: (reason) => cancel(reason) });
  }
  fields(state, 2);
  if (kind === 0) {
    insist(isText(state[1]) && isScalar(state[1]));
    return ofText(state[1]);
  }
  insist(kind === 1 && isBytes(state[1]));
  return ofBytes(state[1]);
}

// ---- the table ------------------------------------------------------------------------------------------

const RESPONSES = ["default", "basic", "cors", "error", "opaqueredirect"];
const MODES = ["same-origin", "no-cors", "cors"];
const CREDENTIALS = ["omit", "same-origin", "include"];
const CACHES = ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"];
const REDIRECTS = ["follow", "error", "manual"];

// A number is never given to another class: stored values keep it.
const BY_COPY = [
  {
    kind: 0,
    Class: URL,
    dehydrate: (url) => (isURL(url) ? hrefOf(url) : undefined),
    hydrate(state) {
      insist(isText(state) && isScalar(state));
      return urlOf(state);
    },
  },
  {
    kind: 1,
    Class: URLSearchParams,
    dehydrate: (params) => (isParams(params) ? pairsOf(params) : undefined),
    hydrate(state) {
      insist(isArray(state) && state.length % 2 === 0);
      fields(state, state.length);
      for (let i = 0; i < state.length; i++) insist(isText(state[i]) && isScalar(state[i]));
      return paramsFrom(copied(state));
    },
  },
  {
    kind: 2,
    Class: Headers,
    dehydrate: (headers) => (isHeaders(headers) ? [guardOf(headers), listOf(headers)] : undefined),
    hydrate(state) {
      fields(state, 2);
      insist(among(GUARDS, state[0]));
      return headersOf(checkedList(state[1]), state[0]);
    },
  },
  {
    kind: 3,
    Class: Request,
    dehydrate(request) {
      if (!isRequest(request)) return undefined;
      const { url, method, payload, referrer, referrerPolicy, mode, credentials, cache, redirect, integrity, keepalive } = requestParts(request);
      const body = sendBody(payload);
      return [url, method, requestGuard(request), requestList(request), body, requestSignal(request), referrer, referrerPolicy, mode, credentials, cache, redirect, integrity, keepalive];
    },
    hydrate(state) {
      fields(state, 14);
      const follows = state[5];
      insist(isText(state[0]) && isScalar(state[0]) && isText(state[1]) && isToken(state[1]) && among(GUARDS, state[2]));
      insist(follows === undefined || isOwnSignal(follows) || (typeof follows === "object" && follows !== null && glue.foreign(follows)));
      insist(isText(state[6]) && isText(state[7]) && isText(state[12]) && typeof state[13] === "boolean");
      insist(among(MODES, state[8]) && among(CREDENTIALS, state[9]) && among(CACHES, state[10]) && among(REDIRECTS, state[11]));
      const list = checkedList(state[3]);
      return requestOf({
        url: state[0],
        method: state[1],
        payload: receiveBody(state[4]),
        headers: undefined,
        list,
        guard: state[2],
        signal: undefined,
        follows,
        referrer: state[6],
        referrerPolicy: state[7],
        mode: state[8],
        credentials: state[9],
        cache: state[10],
        redirect: state[11],
        integrity: state[12],
        keepalive: state[13],
      });
    },
  },
  {
    kind: 4,
    Class: Response,
    dehydrate(response) {
      if (!isResponse(response)) return undefined;
      const { payload, status, statusText, url, redirected, type } = responseParts(response);
      return [status, statusText, url, redirected, type, responseGuard(response), responseList(response), sendBody(payload)];
    },
    hydrate(state) {
      fields(state, 8);
      const status = state[0];
      insist(isInteger(status) && status >= 0 && status <= 999 && isText(state[1]) && isReason(state[1]) && isText(state[2]) && isScalar(state[2]));
      insist(typeof state[3] === "boolean" && among(RESPONSES, state[4]) && among(GUARDS, state[5]));
      const list = checkedList(state[6]);
      const payload = receiveBody(state[7]);
      return responseOf({ payload, headers: undefined, list, guard: state[5], status, statusText: state[1], url: state[2], redirected: state[3], type: state[4] });
    },
  },
  {
    kind: 5,
    Class: Blob,
    cloneable: true,
    dehydrate: (blob) => (isBlob(blob) ? [whole(bytesOf(blob)), blob.type] : undefined),
    hydrate(state) {
      fields(state, 2);
      insist(isBytes(state[0]) && isText(state[1]) && isBlobType(state[1]));
      return blobOf(state[0], state[1]);
    },
  },
  {
    kind: 6,
    Class: File,
    cloneable: true,
    dehydrate: (file) => (isFile(file) ? [whole(bytesOf(file)), file.type, file.name, file.lastModified] : undefined),
    hydrate(state) {
      fields(state, 4);
      insist(isBytes(state[0]) && isText(state[1]) && isBlobType(state[1]) && isText(state[2]) && isScalar(state[2]) && isInteger(state[3]));
      return fileOf(state[0], state[2], state[1], state[3]);
    },
  },
  {
    kind: 7,
    Class: FormData,
    dehydrate: (form) => (isForm(form) ? entriesOf(form) : undefined),
    hydrate(state) {
      insist(isArray(state) && state.length % 2 === 0);
      fields(state, state.length);
      for (let i = 0; i < state.length; i += 2) {
        insist(isText(state[i]) && isScalar(state[i]));
        insist(isFile(state[i + 1]) || (isText(state[i + 1]) && isScalar(state[i + 1])));
      }
      return formOf(copied(state)); // its own: the sender may have named the array elsewhere
    },
  },
];

const BY_REFERENCE = [
  ...[EventTarget, Event, CustomEvent, AbortSignal, AbortController, Performance],
  ...[TextEncoder, TextDecoder, TextEncoderStream, TextDecoderStream],
  ...Object.values(streams.classes),
];

// Instances of what the library keeps its state in: those keys of theirs are nobody else's to see.
function samples() {
  const controllers = [];
  const start = (controller) => void controllers.push(controller);
  const { ReadableStream, TransformStream, WritableStream } = streams;
  const readable = [new ReadableStream({ start }), new ReadableStream({ type: "bytes", start })];
  const writable = new WritableStream({ start });
  const others = [new TransformStream({ start }), new streams.CountQueuingStrategy({ highWaterMark: 1 }), new streams.ByteLengthQueuingStrategy({ highWaterMark: 1 })];
  return [...readable, writable, ...others, ...controllers, readable[0].getReader(), readable[1].getReader({ mode: "byob" }), writable.getWriter()];
}

export function installCrossing() {
  for (const { kind, Class, dehydrate, hydrate, cloneable = false } of BY_COPY) glue.platform(kind, Class, dehydrate, hydrate, cloneable);
  glue.native(...BY_REFERENCE);
  glue.inside(...samples());
}
