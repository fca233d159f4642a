// multipart/form-data: written as the HTML standard says, and read as the Fetch standard's parser does.
import { bytesOf, fileOf, isBlob, joined } from "./blob.js";
import { glue } from "./engine.js";
import { parseType } from "./mime.js";

const LINE = new Uint8Array([13, 10]);
const DASHES = new Uint8Array([45, 45]);
const utf8 = (text) => new Uint8Array(glue.encodeText(text));
const decode = (bytes) => {
  const text = glue.decodeText(bytes, false);
  return text[0] === "\ufeff" ? text.slice(1) : text;
};
const crlf = (text) => text.replace(/\r\n?|\n/g, "\r\n");
const escaped = (text) => text.replace(/\n/g, "%0A").replace(/\r/g, "%0D").replace(/"/g, "%22");

export function newBoundary() {
  const random = new Uint8Array(16);
  glue.fill(random);
  let text = "----valgate-form-data-";
  for (let i = 0; i < random.length; i++) text += random[i].toString(16).padStart(2, "0");
  return text;
}

// The entries (name, value, name, value …) as bytes.
export function writeForm(entries, boundary) {
  const chunks = [];
  for (let i = 0; i < entries.length; i += 2) {
    const value = entries[i + 1];
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(crlf(entries[i]))}"`;
    if (!isBlob(value)) chunks.push(utf8(`${head}\r\n\r\n${crlf(value)}\r\n`));
    else chunks.push(utf8(`${head}; filename="${escaped(value.name)}"\r\nContent-Type: ${value.type || "application/octet-stream"}\r\n\r\n`), bytesOf(value), LINE);
  }
  chunks.push(utf8(`--${boundary}--\r\n`));
  return joined(chunks);
}

const startsWith = (bytes, at, part) => {
  if (at + part.length > bytes.length) return false;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
};

function find(bytes, part, from) {
  for (let at = bytes.indexOf(part[0], from); at >= 0; at = bytes.indexOf(part[0], at + 1)) if (startsWith(bytes, at, part)) return at;
  return -1;
}

const refuse = () => {
  throw new TypeError("the body is no multipart/form-data");
};

// Entries of bytes; throws a TypeError.
export function readForm(bytes, boundary) {
  const delimiter = utf8(`--${boundary}`);
  const inner = utf8(`\r\n--${boundary}`);
  const entries = [];
  let at = find(bytes, delimiter, 0);
  if (at !== 0 && !(at >= 2 && startsWith(bytes, at - 2, LINE))) refuse();
  for (;;) {
    at += delimiter.length;
    if (startsWith(bytes, at, DASHES)) return entries;
    while (bytes[at] === 32 || bytes[at] === 9) at++;
    if (!startsWith(bytes, at, LINE)) refuse();
    const [head, start] = readHead(bytes, at + 2);
    const end = find(bytes, inner, start - 2); // an empty value: the line's end before it counts
    if (end < 0 || end + 2 < start) refuse();
    entries.push(...entry(head, bytes.subarray(start, Math.max(start, end))));
    at = end + 2;
  }
}

// The lines up to an empty one, and where what follows begins.
function readHead(bytes, start) {
  const head = { name: undefined, filename: undefined, type: undefined };
  for (let at = start; ; ) {
    if (startsWith(bytes, at, LINE)) return [head, at + 2];
    const end = find(bytes, LINE, at);
    if (end < 0) refuse();
    readLine(decode(bytes.subarray(at, end)), head);
    at = end + 2;
  }
}

function readLine(line, head) {
  const colon = line.indexOf(":");
  if (colon < 1) refuse();
  const name = line.slice(0, colon).trim().toLowerCase();
  const value = line.slice(colon + 1).trim();
  if (name === "content-type") head.type = value;
  if (name !== "content-disposition") return;
  const [kind] = value.split(";", 1);
  if (kind.trim().toLowerCase() !== "form-data") refuse();
  const rest = value.slice(kind.length);
  head.name = parameter(rest, "name");
  head.filename = parameter(rest, "filename");
}

// name="…" as browsers write it: no escapes but the three percent ones. A bare token is taken too.
function parameter(text, wanted) {
  const pattern = /;\s*([^=;\s]+)\s*=\s*(?:"((?:\\"|[^"])*)"|([^;]*))/g;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    if (match[1].toLowerCase() !== wanted) continue;
    return (match[2] ?? match[3].trim()).replace(/%0A/gi, "\n").replace(/%0D/gi, "\r").replace(/%22/g, '"').replace(/\\"/g, '"');
  }
  return undefined;
}

function entry({ name, filename, type }, bytes) {
  if (name === undefined) refuse();
  if (filename === undefined) return [name, decode(bytes)];
  const parsed = type === undefined ? "text/plain" : type;
  return [name, fileOf(bytes.slice(), filename, parseType(parsed) === null ? "" : parsed.toLowerCase(), Math.floor(glue.now()))];
}
