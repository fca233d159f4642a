// MIME types, as the MIME Sniffing standard parses them, and the one of a content-type header.
import { isToken, trimmed } from "./headers.js";

const QUOTABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

// {essence, parameters: Map}, or null.
export function parseType(input) {
  const text = trimmed(input);
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const end = text.indexOf(";", slash);
  const type = text.slice(0, slash);
  const subtype = text.slice(slash + 1, end < 0 ? undefined : end).replace(/[\t\n\r ]+$/, "");
  if (!isToken(type) || !isToken(subtype)) return null;
  return { essence: `${type}/${subtype}`.toLowerCase(), parameters: end < 0 ? new Map() : parametersOf(text, end) };
}

function parametersOf(text, start) {
  const found = new Map();
  let at = start;
  while (at < text.length) {
    at++; // the semicolon
    while (/[\t\n\r ]/.test(text[at] ?? "")) at++;
    let stop = at;
    while (stop < text.length && text[stop] !== ";" && text[stop] !== "=") stop++;
    const name = text.slice(at, stop).toLowerCase();
    at = stop;
    if (at >= text.length) break;
    if (text[at] === ";") continue;
    at++;
    let value;
    if (text[at] === '"') {
      [value, at] = quoted(text, at);
      while (at < text.length && text[at] !== ";") at++;
    } else {
      stop = text.indexOf(";", at);
      if (stop < 0) stop = text.length;
      value = text.slice(at, stop).replace(/[\t\n\r ]+$/, "");
      at = stop;
      if (value === "") continue;
    }
    if (isToken(name) && QUOTABLE.test(value) && !found.has(name)) found.set(name, value);
  }
  return found;
}

// What stands in quotes that open here, and where it ends.
function quoted(text, open) {
  let value = "";
  let at = open + 1;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === "\\" && at + 1 < text.length) at++;
    value += text[at];
  }
  return [value, at + 1];
}

export function serializeType({ essence, parameters }) {
  let text = essence;
  for (const [name, value] of parameters) text += `;${name}=${isToken(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`;
  return text;
}

// "extract a MIME type" of a header's combined value; null when there is none.
export function typeOfHeader(combined) {
  if (combined === null) return null;
  let result = null;
  let charset;
  for (const value of splitHeader(combined)) {
    const found = parseType(value);
    if (found === null || found.essence === "*/*") continue;
    const same = result !== null && result.essence === found.essence;
    result = found;
    if (!same) charset = found.parameters.get("charset");
    else if (found.parameters.has("charset")) charset = found.parameters.get("charset");
    else if (charset !== undefined) found.parameters.set("charset", charset);
  }
  return result;
}

// At the commas that stand in no quotes.
function splitHeader(text) {
  if (!text.includes(",")) return [text];
  const found = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = quoted(text, at)[1] - 1;
    else if (text[at] === ",") {
      found.push(trimmed(text.slice(start, at)));
      start = at + 1;
    }
  }
  found.push(trimmed(text.slice(start)));
  return found;
}
