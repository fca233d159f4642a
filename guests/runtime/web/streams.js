// Streams, by web-streams-polyfill, and what the house adds: streams of bytes that are there or come when asked,
// and stand-ins for another guest's stream wherever one of this guest's is taken.
import * as library from "web-streams-polyfill";
import { glue } from "./engine.js";
import { arrayName, isObject } from "./idl.js";

const { defineProperty, getOwnPropertyDescriptor } = Object;
const { apply } = Reflect;

export const {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} = library;

const lockedOf = getOwnPropertyDescriptor(ReadableStream.prototype, "locked").get;
const { getReader, pipeThrough, pipeTo, tee } = ReadableStream.prototype;
const { read } = ReadableStreamDefaultReader.prototype;

export function isReadable(value) {
  if (!isObject(value) || glue.foreign(value)) return false;
  try {
    apply(lockedOf, value, []);
    return true;
  } catch {
    return false;
  }
}

export const isForeignReadable = (value) => isObject(value) && glue.foreign(value) && typeof value.getReader === "function";
export const isLocked = (stream) => apply(lockedOf, stream, []);
export const isDisturbed = (stream) => stream._disturbed;

// A source is {pull(), cancel(reason)}: pull is answered with the next bytes, or undefined at the end, or a promise of that.

// The chunk as bytes: what a body is made of.
export function checkedChunk(chunk) {
  if (arrayName(chunk) !== "Uint8Array") throw new TypeError("a body's stream gave something that is no Uint8Array");
  return chunk;
}

// A stream that asks its source when it is read.
export function streamFrom(source) {
  return new ReadableStream(
    {
      type: "bytes",
      async pull(controller) {
        for (;;) {
          const chunk = await source.pull();
          if (chunk !== undefined && checkedChunk(chunk).length === 0) continue;
          if (chunk !== undefined) return controller.enqueue(chunk);
          controller.close();
          return controller.byobRequest?.respond(0);
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

// A stream of bytes that are there; they are copied when they are read, since a reader may take them away.
export function streamOf(bytes) {
  let rest = bytes;
  return streamFrom({
    pull() {
      const chunk = rest?.slice();
      rest = undefined;
      return chunk;
    },
    cancel() {
      rest = undefined;
    },
  });
}

// A source that takes a stream of this guest, and locks it.
export function sourceOf(stream) {
  const reader = apply(getReader, stream, []);
  return {
    async pull() {
      const { done, value } = await apply(read, reader, []);
      return done ? undefined : checkedChunk(value);
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

// The same of another guest's stream: nothing of the library touches what is not its own.
export function foreignSource(stream) {
  const reader = stream.getReader();
  return {
    async pull() {
      const { done, value } = await reader.read();
      return done ? undefined : checkedChunk(value);
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

// ---- another guest's streams where one's own are taken -----------------------------------------------

const refused = (what) => new TypeError(`${what} is locked`);

function adoptReadable(stream) {
  if (!isForeignReadable(stream)) return stream;
  if (stream.locked) throw refused("the stream");
  let reader;
  return new ReadableStream(
    {
      async pull(controller) {
        reader ??= stream.getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => (reader ?? stream).cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function adoptWritable(stream) {
  if (!isObject(stream) || !glue.foreign(stream) || typeof stream.getWriter !== "function") return stream;
  const writer = stream.getWriter();
  return new WritableStream(
    { write: (chunk) => writer.write(chunk), close: () => writer.close(), abort: (reason) => writer.abort(reason) },
    { highWaterMark: 1 },
  );
}

const members = {
  pipeTo(destination, options = undefined) {
    return apply(pipeTo, this, [adoptWritable(destination), options]);
  },
  pipeThrough(transform, options = undefined) {
    if (!isObject(transform)) return apply(pipeThrough, this, [transform, options]);
    const { readable, writable } = transform;
    if (!glue.foreign(writable) && !glue.foreign(readable)) return apply(pipeThrough, this, [{ readable, writable }, options]);
    const from = adoptReadable(readable);
    apply(pipeThrough, this, [{ readable: from, writable: adoptWritable(writable) }, options]);
    return from;
  },
};
for (const key of ["pipeTo", "pipeThrough"]) {
  defineProperty(members[key], "length", { value: 1, configurable: true });
  defineProperty(ReadableStream.prototype, key, { value: members[key], writable: true, enumerable: true, configurable: true });
}

export const teeStream = (stream) => apply(tee, stream, []);

// For a clone: what comes out of the second branch are copies. The library copies bytes itself.
export function teeCopied(stream) {
  const [one, other] = teeStream(stream);
  if (stream._readableStreamController instanceof ReadableByteStreamController) return [one, other];
  const reader = apply(getReader, other, []);
  const copy = new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await apply(read, reader, []);
        if (done) controller.close();
        else controller.enqueue(glue.clone(value));
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return [one, copy];
}

export const classes = {
  ...{ ReadableStream, ReadableStreamDefaultReader, ReadableStreamBYOBReader, ReadableStreamBYOBRequest },
  ...{ ReadableStreamDefaultController, ReadableByteStreamController, TransformStream, TransformStreamDefaultController },
  ...{ WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController, ByteLengthQueuingStrategy, CountQueuingStrategy },
};
for (const name of Object.keys(classes)) defineProperty(classes[name], "name", { value: name, configurable: true });
