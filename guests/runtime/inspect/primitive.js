// Primitives and keys, as one writes them.
const { is } = Object;
const symbolText = Function.prototype.call.bind(Symbol.prototype.toString);

const PLAIN = /^[\x20-\x26\x28-\x5b\x5d-\x7e\xa0-\ud7ff\ue000-\uffff]*$/;
const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const NAMED = { __proto__: null, "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\" };

function escaped(character, quote) {
  if (character in NAMED) return NAMED[character];
  if (character === quote) return `\\${character}`;
  const code = character.codePointAt(0);
  if (code < 32 || (code > 126 && code < 160)) return `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
  return code >= 0xd800 && code <= 0xdfff ? `\\u${code.toString(16)}` : character;
}

export function quoted(text) {
  if (PLAIN.test(text)) return `'${text}'`;
  const quote = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") && !text.includes("${") ? "`" : "'";
  let made = quote;
  for (const character of text) made += escaped(character, quote);
  return made + quote;
}

function grouped(digits) {
  const start = digits[0] === "-" ? 1 : 0;
  let made = "";
  for (; digits.length >= start + 4; digits = digits.slice(0, -3)) made = `_${digits.slice(-3)}${made}`;
  return digits + made;
}

export function number(value, separated) {
  if (is(value, -0)) return "-0";
  const text = `${value}`;
  if (!separated || !Number.isFinite(value) || text.includes("e")) return text;
  const [whole, fraction] = text.split(".");
  return grouped(whole) + (fraction === undefined ? "" : `.${fraction.replace(/(...)(?=.)/g, "$1_")}`);
}

export const symbol = (value) => symbolText(value);

export function key(name) {
  if (typeof name === "symbol") return `[${symbol(name)}]`;
  return name === "__proto__" ? "['__proto__']" : IDENTIFIER.test(name) ? name : quoted(name);
}

function string(context, value) {
  let rest = "";
  if (value.length > context.maxStringLength) {
    const more = value.length - context.maxStringLength;
    value = value.slice(0, context.maxStringLength);
    rest = `... ${more} more character${more > 1 ? "s" : ""}`;
  }
  const room = context.breakLength - context.indent - 4;
  if (value.length <= 16 || value.length <= room || !value.includes("\n")) return quoted(value) + rest;
  return value.split(/(?<=\n)/).map(quoted).join(` +\n${" ".repeat(context.indent + 2)}`) + rest;
}

export function primitive(context, value) {
  switch (typeof value) {
    case "string":
      return string(context, value);
    case "number":
      return number(value, context.numericSeparator);
    case "bigint":
      return `${context.numericSeparator ? grouped(`${value}`) : value}n`;
    case "symbol":
      return symbol(value);
    default:
      return `${value}`;
  }
}
