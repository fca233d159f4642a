// The body of a request as a handler finds it in req.body: JSON and forms parsed, texts as texts, anything else as a Buffer.
import { Buffer } from "buffer";
import { parse as parseQuery } from "qs-esm";
import { readForm } from "../web/multipart.js";
import { joined } from "../web/blob.js";
import { essenceOf, parametersOf } from "./types.js";

const MOST_FIELDS = 1000;

export const queryOf = (text) => parseQuery(text, { allowPrototypes: true, parameterLimit: MOST_FIELDS, depth: 32, arrayLimit: 100, interpretNumericEntities: false });

// All bytes of what is still to come.
export async function collected(door) {
  const chunks = [];
  for (let chunk = await door.read(); chunk !== undefined; chunk = await door.read()) chunks.push(chunk);
  return chunks.length ? joined(chunks) : new Uint8Array(0);
}

const textOf = (bytes, charset) => new TextDecoder(charset ?? "utf-8").decode(bytes);

function formFields(bytes, boundary) {
  const entries = readForm(bytes, boundary);
  const fields = {};
  for (let i = 0; i < entries.length; i += 2) {
    const name = entries[i];
    const known = Object.hasOwn(fields, name);
    if (known && Array.isArray(fields[name])) {
      fields[name].push(entries[i + 1]);
      continue;
    }
    const value = known ? [fields[name], entries[i + 1]] : entries[i + 1];
    Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return fields;
}

// Throws what the client is told with 400.
export function bodyOf(bytes, header) {
  if (bytes.length === 0) return {};
  const type = header === undefined ? undefined : essenceOf(header);
  const { charset, boundary } = header === undefined ? {} : parametersOf(header);
  if (type === undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (type === "application/json" || type.endsWith("+json")) return JSON.parse(textOf(bytes, charset));
  if (type === "application/x-www-form-urlencoded") return queryOf(textOf(bytes, charset));
  if (type === "multipart/form-data" && boundary !== undefined) return formFields(bytes, boundary);
  if (type.startsWith("text/")) return textOf(bytes, charset);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
