// What a val answers itself: a Response, or what an Express handler said. The other half is host_api/capabilities/serve.py.
import { take } from "./web/body.js";
import { isResponse, responseList, responseParts } from "./web/response.js";
import { serveExpress } from "./express/index.js";
import { bufferOf, PIECE, piecesOf } from "./pieces.js";
import { checkedList } from "./web/headers.js";
import { ofBytes, ofSource } from "./web/payload.js";
import { freshParts, requestOf } from "./web/request.js";

const WHOLE = 1;
const BEGIN = 2;
const WRITE = 3;
const END = 4;
const READ = 5;
const SETTLED = 6;

const { parse, stringify } = JSON;

export class Door {
  #host;
  begun = false;
  ended = false;

  constructor(host) {
    this.#host = host;
  }

  #call(op, ...values) {
    return this.#host.call("serve", op, ...values);
  }

  // An answer whose body is there: null, a text or a Uint8Array. fields: name, value, name, value …
  whole(status, reason, fields, body) {
    const size = body === null ? 0 : body.length;
    if (size <= PIECE / 4 || (typeof body !== "string" && size <= PIECE)) {
      this.begun = this.ended = true;
      this.#call(WHOLE, status, reason, stringify(fields), body === null || typeof body === "string" ? (body ?? undefined) : bufferOf(body));
      return;
    }
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    this.begin(status, reason, fields, bytes.length);
    this.write(bytes);
    this.end();
  }

  begin(status, reason, fields, length) {
    this.begun = true;
    this.#call(BEGIN, status, reason, stringify(fields), length);
  }

  // Returns when there is room for more.
  write(bytes) {
    for (const piece of piecesOf(bytes)) this.#call(WRITE, piece);
  }

  end() {
    this.ended = true;
    this.#call(END);
  }

  // What is left of the request's body, piece by piece; undefined at its end.
  async read() {
    const piece = await this.#call(READ);
    return piece === undefined ? undefined : new Uint8Array(piece);
  }

  // A handler has come to its end without an answer: when nothing is under way any more, the answer is 204.
  settled() {
    this.#call(SETTLED);
  }
}

// ---- a Response ----------------------------------------------------------------------------------------

const CODED = { __proto__: null, gzip: (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b, "x-gzip": (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b, deflate: (bytes) => (bytes[0] & 0x0f) === 8 };

// fetch undoes codings and leaves the header: a body that does not look coded goes without it, and without the length that was its own.
function fieldsOf(list, bytes) {
  const fields = [];
  const coding = list.findLast((_, i) => list[i - 1] === "content-encoding" && i % 2 === 1)?.trim().toLowerCase();
  const looks = coding !== undefined && coding in CODED ? bytes !== undefined && CODED[coding](bytes) : true;
  for (let i = 0; i < list.length; i += 2) if (looks || list[i] !== "content-encoding") fields.push(list[i], list[i + 1]);
  return fields;
}

export async function respond(host, response) {
  const { status, statusText } = responseParts(response);
  const list = responseList(response);
  if (status === 0) throw new TypeError("Response.error() is no answer that could be sent");
  const door = new Door(host);
  const { bytes, source } = take(response);
  if (source === null) {
    door.whole(status, statusText, fieldsOf(list, bytes ?? undefined), bytes);
    return;
  }
  let piece = await source.pull();
  door.begin(status, statusText, fieldsOf(list, piece));
  for (; piece !== undefined; piece = await source.pull()) door.write(piece);
  door.end();
}

// ---- a request -----------------------------------------------------------------------------------------

function requestFrom(door, it, body) {
  const given = body === undefined ? ofSource({ pull: () => door.read(), cancel() {} }) : body.byteLength ? ofBytes(new Uint8Array(body)) : null;
  const payload = it.method === "GET" || it.method === "HEAD" ? null : given;
  return requestOf({ ...freshParts(it.url), method: it.method, payload, list: checkedList(it.headers), guard: "immutable", redirect: "manual" });
}

async function serveWeb(host, handler, it, body) {
  const response = isResponse(handler) ? handler : await handler(requestFrom(new Door(host), it, body));
  if (!isResponse(response)) throw new TypeError(`a web handler returns a Response, and this one returned ${response === null ? "null" : typeof response}`);
  await respond(host, response);
}

// Serve a request with what a val came to. text: the request as JSON; body: its bytes, or undefined when they are still to come.
// Resolves when the answer is complete.
export async function serve(host, manner, made, text, body) {
  const handler = await made;
  const it = parse(text);
  if (manner === "web" || (manner === "serve" && !(typeof handler === "function" && handler.length >= 2))) {
    if (typeof handler !== "function" && !isResponse(handler)) throw new TypeError(`a val that serves the web is a function of a Request, and this one is ${handler === null ? "null" : typeof handler}`);
    return serveWeb(host, handler, it, body);
  }
  if (typeof handler !== "function") throw new TypeError(`a val that serves Express is a function of req and res, and this one is ${handler === null ? "null" : typeof handler}`);
  return serveExpress(new Door(host), handler, it, body === undefined ? undefined : new Uint8Array(body));
}
