// Numbers, quickly: the library computes each with decimals of its own, half a millisecond a number. Where a formatter only groups and
// rounds, what stands around its digits is learnt from it once, and the rest is done on the digits a number is written with: as everywhere, 1.005 rounds to 1.01.
const { defineProperty, getOwnPropertyDescriptor, is } = Object;
const { apply } = Reflect;
const { abs } = Math;
const LARGE = 1e21; // from here on numbers are written with exponents, as below
const SMALL = 1e-6;
const slots = new WeakMap();

const PLAIN = { __proto__: null, notation: "standard", numberingSystem: "latn", signDisplay: "auto", roundingMode: "halfExpand", roundingIncrement: 1, roundingPriority: "auto", trailingZeroDisplay: "auto" };

function isPlain(options) {
  for (const name in PLAIN) if (options[name] !== undefined && options[name] !== PLAIN[name]) return false;
  if (options.minimumSignificantDigits !== undefined || options.maximumSignificantDigits !== undefined) return false;
  return options.style === "decimal" || (options.style === "currency" && options.currencyDisplay !== "name" && options.currencySign === "standard");
}

const DIGITS = { __proto__: null, integer: true, group: true, decimal: true, fraction: true };

// {before, after, group, decimal}: what stands around the digits of a formatted number
function around(parts) {
  const made = { before: "", after: "", group: "", decimal: "" };
  let seen = false;
  for (let i = 0; i < parts.length; i++) {
    const { type, value } = parts[i];
    if (type in DIGITS) {
      seen = true;
      if (type === "group" || type === "decimal") made[type] = value;
    } else made[seen ? "after" : "before"] += value;
  }
  return made;
}

function learn(formatter, slow) {
  const options = formatter.resolvedOptions();
  if (!isPlain(options)) return { slow };
  const { minimumIntegerDigits: whole, minimumFractionDigits: least, maximumFractionDigits: most } = options;
  const positive = around(formatter.formatToParts(1234567.5));
  const decimal = positive.decimal || ".";
  const from = positive.group && around(formatter.formatToParts(1234)).group ? 4 : 5; // Spanish groups from five digits on
  return { slow, whole, least, most, positive, negative: around(formatter.formatToParts(-1234567.5)), group: positive.group, decimal, from };
}

function grouped(digits, { group, from }) {
  if (!group || digits.length < from) return digits;
  let made = "";
  for (; digits.length > 3; digits = digits.slice(0, -3)) made = group + digits.slice(-3) + made;
  return digits + made;
}

// The digits before and after the point, at most so many of these, halves rounded away from zero.
function rounded(size, most) {
  const [whole, fraction = ""] = `${size}`.split(".");
  const kept = fraction.slice(0, most);
  if (fraction.length <= most || fraction[most] < "5") return [whole, kept];
  const digits = whole + kept;
  const next = `${BigInt(digits) + 1n}`.padStart(digits.length, "0");
  return [next.slice(0, next.length - most), most ? next.slice(-most) : ""];
}

function format(known, value) {
  const size = abs(value);
  if (known.positive === undefined || !(size < LARGE) || (size < SMALL && size !== 0)) return known.slow(value);
  let [whole, fraction] = rounded(size, known.most);
  while (fraction.length > known.least && fraction[fraction.length - 1] === "0") fraction = fraction.slice(0, -1);
  fraction = fraction.padEnd(known.least, "0");
  const { before, after } = value < 0 || is(value, -0) ? known.negative : known.positive;
  return before + grouped(whole.padStart(known.whole, "0"), known) + (fraction && known.decimal + fraction) + after;
}

export function quicken(NumberFormat) {
  const { get } = getOwnPropertyDescriptor(NumberFormat.prototype, "format");
  const bound = function () {
    let known = slots.get(this);
    if (known !== undefined) return known.format;
    const slow = apply(get, this, []);
    known = { format: (value) => (typeof value === "number" ? format((known.learnt ??= learn(this, slow)), value) : slow(value)) };
    defineProperty(known.format, "name", { value: "", configurable: true });
    slots.set(this, known);
    return known.format;
  };
  defineProperty(bound, "name", { value: "get format", configurable: true });
  defineProperty(NumberFormat.prototype, "format", { get: bound, configurable: true });
}
