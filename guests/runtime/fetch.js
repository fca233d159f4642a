// fetch. The other half is host_api/capabilities/fetch.py: it follows redirects, undoes codings, and decides what may be reached.
import { install } from "./born.js";
import { fromData } from "./data-url.js";
import { bufferOf, PIECE, piecesOf } from "./pieces.js";
import { makeResponse, requestOfFetch, take } from "./web/body.js";
import { offAbort, onAbort } from "./web/abort.js";
import { Request } from "./web/request.js";

const START = 1;
const READ = 2;
const WRITE = 3;
const ABORT = 4;

const EMPTY_STATUS = { __proto__: null, 101: 1, 103: 1, 204: 1, 205: 1, 304: 1 };
const { parse, stringify } = JSON;
const { defineProperty } = Object;
const { isError } = Error;

// What the host says as a TypeError is one of this guest's own; its stack is where the val called fetch.
function own(error, place) {
  const mine = error?.name === "TypeError" ? new TypeError(error.message) : error;
  if (isError(mine)) defineProperty(mine, "stack", { value: place.stack, writable: true, configurable: true });
  return mine;
}

// One fetch on its way. What waits is rejected at once when the signal aborts, whatever the host does meanwhile.
class Transfer {
  #host;
  #id;
  #place;
  #signal;
  #step;
  #watched; // whether anything but the host can end it
  #over = false;
  #failed = false;
  #reason;
  #waiting = [];
  #upload; // the source of the request's body, until it has ended

  constructor(host, id, place, signal, uploads) {
    this.#place = place;
    this.#host = host;
    this.#id = id;
    this.#signal = signal;
    this.#watched = uploads || signal !== undefined;
    if (signal === undefined) return;
    this.#step = (reason) => this.fail(reason);
    onAbort(signal, this.#step);
  }

  // Ask the host for something that it promises.
  async ask(op, ...values) {
    if (this.#failed) throw this.#reason;
    try {
      const promised = this.#host.call("fetch", op, this.#id, ...values);
      return await (this.#watched ? this.#orFail(promised) : promised);
    } catch (error) {
      throw this.#failed ? this.#reason : own(error, this.#place);
    }
  }

  #orFail(promised) {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting;
      const leave = (settle) => (value) => {
        waiting.splice(waiting.indexOf(reject), 1);
        settle(value);
      };
      waiting.push(reject);
      promised.then(leave(resolve), leave(reject));
    });
  }

  // It is over, by an abort or because the request's body failed.
  fail(reason) {
    if (this.#over) return;
    this.#failed = true;
    this.#reason = reason;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.end();
    for (let i = 0; i < waiting.length; i++) waiting[i](reason);
  }

  // Nobody reads on.
  end() {
    if (this.#over) return;
    this.finish();
    this.#host.call("fetch", ABORT, this.#id);
    this.#leaveUpload(this.#reason);
  }

  // There will be no answer.
  leave(reason) {
    this.finish();
    this.#leaveUpload(reason);
  }

  // The answer has been read to its end.
  finish() {
    this.#over = true;
    if (this.#step !== undefined) offAbort(this.#signal, this.#step);
  }

  #leaveUpload(reason) {
    const source = this.#upload;
    this.#upload = undefined;
    if (source === undefined) return;
    // Whatever becomes of it, the fetch has its reason already.
    (async () => source.cancel(reason))().catch(() => {});
  }

  // Send the request's body; never rejects. Errors of the source are the fetch's; errors of the way there, the answer tells.
  async send(source) {
    this.#upload = source;
    for (;;) {
      let piece;
      try {
        piece = await source.pull();
      } catch (error) {
        this.#upload = undefined;
        return this.fail(error);
      }
      if (this.#upload === undefined) return undefined;
      if (piece === undefined) this.#upload = undefined;
      try {
        await this.#write(piece);
      } catch (error) {
        if (error?.name === "LimitError") this.fail(error);
        return this.#leaveUpload(error);
      }
      if (piece === undefined) return undefined;
    }
  }

  async #write(bytes) {
    if (bytes === undefined) return this.ask(WRITE, undefined);
    for (const piece of piecesOf(bytes)) await this.ask(WRITE, piece);
    return undefined;
  }

  get source() {
    return {
      pull: async () => {
        const piece = await this.ask(READ);
        if (piece !== undefined) return new Uint8Array(piece);
        this.finish();
        return undefined;
      },
      cancel: () => this.end(),
    };
  }
}

const whole = (bytes) => {
  let rest = bytes;
  return {
    pull() {
      const all = rest;
      rest = undefined;
      return all;
    },
    cancel() {},
  };
};

const schemeOf = (url) => url.slice(0, url.indexOf(":"));

function insistPossible(wanted, request) {
  const scheme = schemeOf(wanted.url);
  if (scheme !== "http" && scheme !== "https") throw new TypeError(`fetch failed: ${scheme}: addresses are not fetched here; http:, https: and data: are`);
  if (request.integrity !== "") throw new TypeError("fetch failed: integrity is not supported here: check the body's digest with crypto.subtle");
}

async function perform(host, id, place, request) {
  const wanted = requestOfFetch(request);
  const { signal } = wanted;
  if (signal?.aborted) {
    take(request).source?.cancel(signal.reason);
    throw signal.reason;
  }
  if (schemeOf(wanted.url) === "data") return fromData(wanted);
  insistPossible(wanted, request);
  const { bytes, source } = take(request);
  const fits = source === null && (bytes === null || bytes.length <= PIECE);
  const upload = source !== null ? "streamed" : fits ? "whole" : "gathered";
  const transfer = new Transfer(host, id, place, signal, !fits);
  const body = fits && bytes !== null ? bufferOf(bytes) : undefined;
  const starting = start(transfer, wanted, body, upload);
  if (!fits) transfer.send(source ?? whole(bytes));
  return starting;
}

async function start(transfer, { method, url, headers, redirect }, body, upload) {
  let head;
  try {
    head = parse(await transfer.ask(START, method, url, stringify(headers), body, upload, redirect));
  } catch (error) {
    transfer.leave(error);
    throw error;
  }
  const parts = { status: head[0], statusText: head[1], url: head[2], redirected: head[3], headers: head[4] };
  if (method !== "HEAD" && !(head[0] in EMPTY_STATUS)) return makeResponse({ ...parts, source: transfer.source });
  transfer.end();
  return makeResponse(parts);
}

export function installFetch(host, global) {
  let last = 0;
  install(global, {
    async fetch(input, init = undefined) {
      if (arguments.length === 0) throw new TypeError("fetch takes an address or a Request");
      return perform(host, ++last, new Error(), new Request(input, init));
    },
  });
  defineProperty(global.fetch, "length", { value: 1, configurable: true });
}
