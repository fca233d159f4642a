// Content types as Express writes and compares them.
import { parse } from "content-type";
import { lookup } from "mrmime";

const CHARSET = /;\s*charset\s*=/i;
const TEXTUAL = /^(?:text\/.*|application\/(?:javascript|json|xml|manifest\+json)|.*\+(?:json|xml))$/;

// "json", ".html", "image.png" or a type itself, as a type.
export function typeOf(name) {
  const text = String(name);
  if (text.includes("/")) return text;
  // Its feeds said so in 2023, and readers of feeds look.
  return /^\.?xml$/i.test(text) ? "application/xml" : (lookup(text) ?? "application/octet-stream");
}

// With the charset that a textual type has here, unless it names its own.
export function withCharset(type) {
  if (CHARSET.test(type)) return type;
  return TEXTUAL.test(essenceOf(type) ?? "") ? `${type}; charset=utf-8` : type;
}

// As a text is sent, whatever charset its type named.
export const inUtf8 = (type) => withCharset(type.replace(/;\s*charset\s*=\s*(?:"[^"]*"|[^;]*)/i, "; charset=utf-8"));

export function essenceOf(header) {
  try {
    return parse(String(header)).type;
  } catch {
    return undefined;
  }
}

export function parametersOf(header) {
  try {
    return parse(String(header)).parameters;
  } catch {
    return {};
  }
}

// Whether a type is what a pattern means: "json", "text/*", "*/json", "+json", "urlencoded", "multipart".
export function matches(pattern, type) {
  const wanted = patternOf(pattern);
  if (wanted === undefined) return false;
  const [major, minor] = type.split("/");
  const [wantedMajor, wantedMinor] = wanted.split("/");
  if (wantedMajor !== "*" && wantedMajor !== major) return false;
  if (wantedMinor.startsWith("*+")) return minor.endsWith(wantedMinor.slice(1));
  return wantedMinor === "*" || wantedMinor === minor;
}

function patternOf(pattern) {
  const text = String(pattern);
  if (text === "urlencoded") return "application/x-www-form-urlencoded";
  if (text === "multipart") return "multipart/*";
  if (text.startsWith("+")) return `*/*${text}`;
  return text.includes("/") ? text.toLowerCase() : lookup(text);
}
