// Requests and responses for the rest of the runtime (fetch, and what serves the web), without consuming what it only looks at.
//
// A *source* is {pull(), cancel(reason)}: `pull` is answered with the next bytes as a Uint8Array, with undefined at the end, or with a
// promise of these; `cancel` says that nobody reads on. A body made of a source makes no stream until a val looks at `body`:
// `await response.json()` asks the source itself.
import { checkedList } from "./headers.js";
import { encoded, insistUsable, isBuffered, ofBytes, ofSource, ofStream, ofText, taken } from "./payload.js";
import { isRequest, requestList, requestParts, requestSignal } from "./request.js";
import { isResponse, responseOf, responseParts } from "./response.js";

function payloadOf(object) {
  if (isResponse(object)) return responseParts(object).payload;
  if (isRequest(object)) return requestParts(object).payload;
  throw new TypeError("this is no Request and no Response");
}

/**
 * Take the body to send it on: marks it used, as `text()` would. Returns {bytes, source}:
 * both null without a body; `bytes` (not to be changed) of a buffered one; `source` of one that streams, which is then locked.
 * Throws a TypeError when the body is used or locked.
 */
export function take(object) {
  const payload = insistUsable(payloadOf(object));
  if (payload === null) return { bytes: null, source: null };
  if (isBuffered(payload)) {
    const bytes = encoded(payload);
    if (payload.stream !== undefined) payload.stream.getReader().cancel();
    payload.used = true;
    return { bytes, source: null };
  }
  return { bytes: null, source: taken(payload) };
}

function payloadFrom({ text, bytes, source, stream }) {
  if (text !== undefined) return ofText(text);
  if (bytes !== undefined && bytes !== null) return ofBytes(bytes);
  if (source !== undefined && source !== null) return ofSource(source);
  return stream === undefined || stream === null ? null : ofStream(stream);
}

/**
 * A Response as fetch answers it. `headers` is a list: name, value, name, value …, names in lower case; it becomes immutable.
 * The body is at most one of `text`, `bytes` (a Uint8Array that nobody changes any more), `source`, `stream` (an unused ReadableStream).
 * `type` is "basic", "cors", "default", "error" or "opaqueredirect"; `url` is without its fragment.
 */
export function makeResponse({ status = 200, statusText = "", url = "", redirected = false, headers = [], type = "basic", guard = "immutable", ...body }) {
  return responseOf({ payload: payloadFrom(body), headers: undefined, list: checkedList(headers), guard, status, statusText, url, redirected, type });
}

/**
 * What fetch reads of a Request: {url, method, headers (a list), redirect, credentials, cache, mode, referrer, keepalive, signal}.
 * `signal` is undefined when nobody gave one and nobody asked for it: then nothing can abort. The body is `take`'s.
 */
export function requestOfFetch(request) {
  const { url, method, redirect, credentials, cache, mode, referrer, keepalive } = requestParts(request);
  return { url, method, redirect, credentials, cache, mode, referrer, keepalive, headers: requestList(request), signal: requestSignal(request) };
}
