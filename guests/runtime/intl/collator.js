// Comparing texts. The order is that of the Unicode root collation for Latin, Greek and Cyrillic, without a table of characters:
// space and punctuation, digits, letters by base; then accents; then lower case before upper. Every locale has this one order.
import { LookupSupportedLocales, ResolveLocale } from "./matcher.js";
import { getCanonicalLocales } from "./locale.js";
import { allowing, available } from "./available.js";

const PUNCTUATION = "\t\n\v\f\r\u2028\u2029 _\u203f-\u2010\u2011\u2012\u2013\u2014,;:!\u00a1?\u00bf.\u2026\u00b7'\u2018\u2019\u201a\u2039\u203a\"\u201c\u201d\u201e\u00ab\u00bb()[]{}\u00a7\u00b6@*/\\&#%\u2030\u2020\u2021\u2022`\u00b4\u02dc^\u00a8\u00b0\u00a9\u00ae+\u00b1\u00f7\u00d7<=>|\u00a6~\u00ac\u00a4\u00a2$\u00a3\u00a5\u20ac";
const DIGIT = 1000;
const LETTER = 2000;
const EXPANDED = { __proto__: null, "\u00df": "ss", "\u00e6": "ae", "\u0153": "oe", "\u00f8": "o\u0338", "\u0142": "l\u0335", "\u0111": "d\u0335", "\u00f0": "d\u0335", "\u00fe": "th" };
const MARK = /\p{M}/u;
const LETTERS = /\p{L}/u;
const NUMBER = /\p{Nd}/u;

const weights = Object.create(null);
[...PUNCTUATION].forEach((character, i) => (weights[character] = i + 1));
for (let i = 0; i < 10; i++) weights[i] = DIGIT + i;
for (let i = 0; i < 26; i++) weights[String.fromCharCode(97 + i)] = LETTER + 97 + i;

function weigh(character) {
  const known = weights[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0);
  if (NUMBER.test(character)) return DIGIT + 9;
  return LETTERS.test(character) ? LETTER + code : 900 + code / 0x110000;
}

// Three texts' worth of weights: bases, accents, cases.
function levels(text, { numeric, ignorePunctuation }) {
  const bases = [];
  const accents = [];
  const cases = [];
  const add = (character, upper) => {
    const weight = weigh(character);
    if (ignorePunctuation && weight < DIGIT) return;
    bases.push(weight);
    accents.push("");
    cases.push(upper);
  };
  const source = text.normalize("NFD");
  for (let i = 0; i < source.length; ) {
    const character = String.fromCodePoint(source.codePointAt(i));
    if (numeric && character >= "0" && character <= "9") {
      const digits = /^0*(\d*)/.exec(source.slice(i));
      bases.push(DIGIT + 10 + digits[1].length); // longer numbers are larger
      for (const digit of digits[1]) bases.push(DIGIT + Number(digit));
      accents.push("");
      cases.push(0);
      i += digits[0].length;
      continue;
    }
    i += character.length;
    if (character < " " && !(character in weights)) continue;
    if (MARK.test(character)) {
      if (accents.length) accents[accents.length - 1] += character;
      continue;
    }
    const lower = character.toLowerCase();
    const upper = lower === character ? 0 : 1;
    if (lower in EXPANDED) for (const each of EXPANDED[lower]) MARK.test(each) ? (accents[accents.length - 1] += each) : add(each, upper + 0.5);
    else add(lower, upper);
  }
  return [bases, accents, cases];
}

function order(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

// Most texts are ASCII, and differ early: nothing is made for them. undefined when more must be known.
function compareQuickly(a, b, options) {
  if (options.numeric || options.ignorePunctuation) return undefined;
  const length = Math.min(a.length, b.length);
  let cases = 0;
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y && x >= 32 && x < 127) continue;
    const first = ASCII[x];
    const second = ASCII[y];
    if (first === undefined || second === undefined) return undefined;
    if (first !== second) return first < second ? -1 : 1;
    cases ||= x > y ? -1 : x < y ? 1 : 0;
  }
  const rest = a.length > length ? a : b;
  if (rest.length > length) return ASCII[rest.charCodeAt(length)] === undefined ? undefined : rest === a ? 1 : -1;
  if (options.sensitivity !== "case" && options.sensitivity !== "variant") return 0;
  return options.caseFirst === "upper" ? -cases : cases;
}

const ASCII = [];
for (let code = 32; code < 127; code++) ASCII[code] = weights[String.fromCharCode(code).toLowerCase()];

function compare(a, b, options) {
  if (a === b) return 0;
  const quick = compareQuickly(a, b, options);
  if (quick !== undefined) return quick + 0;
  const [bases, accents, cases] = levels(a, options);
  const [others, otherAccents, otherCases] = levels(b, options);
  const { sensitivity, caseFirst } = options;
  return (
    order(bases, others) ||
    (sensitivity === "accent" || sensitivity === "variant" ? order(accents, otherAccents) : 0) ||
    (sensitivity === "case" || sensitivity === "variant" ? order(cases, otherCases) * (caseFirst === "upper" ? -1 : 1) : 0)
  );
}

const USUAL = { __proto__: null, sensitivity: "variant", ignorePunctuation: false, numeric: false, caseFirst: "false" };
export const compareTexts = (a, b) => compare(a, b, USUAL);

const OPTIONS = {
  __proto__: null,
  usage: ["sort", "search"],
  sensitivity: ["variant", "accent", "base", "case"],
  caseFirst: ["false", "upper", "lower"],
};

function option(options, name) {
  const value = options[name];
  if (value === undefined) return undefined;
  if (!OPTIONS[name].includes(`${value}`)) throw new RangeError(`Value ${value} out of range for Intl.Collator options property ${name}`);
  return `${value}`;
}

const KEYWORDS = allowing({ kn: ["false", "true"], kf: ["false", "upper", "lower"] });
const slots = new WeakMap();

export function Collator(locales, options) {
  if (!new.target) return new Collator(locales, options);
  const given = options === undefined ? {} : Object(options);
  const { locale, kn, kf } = ResolveLocale(available, getCanonicalLocales(locales), {}, ["kn", "kf"], KEYWORDS, () => "en-US");
  slots.set(this, {
    locale,
    usage: option(given, "usage") ?? "sort",
    sensitivity: option(given, "sensitivity") ?? "variant",
    ignorePunctuation: !!given.ignorePunctuation,
    collation: "default",
    numeric: given.numeric === undefined ? kn === "true" : !!given.numeric,
    caseFirst: option(given, "caseFirst") ?? kf,
  });
}

function optionsOf(collator) {
  const found = slots.get(collator);
  if (!found) throw new TypeError("Method called on incompatible receiver: an Intl.Collator is needed");
  return found;
}

const members = {
  get compare() {
    const options = optionsOf(this);
    return (options.bound ??= (a, b) => compare(String(a), String(b), options));
  },
  resolvedOptions() {
    const { bound, ...options } = optionsOf(this);
    return options;
  },
};
const { defineProperty, getOwnPropertyDescriptor } = Object;
for (const name in members) defineProperty(Collator.prototype, name, { ...getOwnPropertyDescriptor(members, name), enumerable: false });
defineProperty(Collator.prototype, Symbol.toStringTag, { value: "Intl.Collator", configurable: true });
defineProperty(Collator, "supportedLocalesOf", {
  value: (locales) => LookupSupportedLocales(available, getCanonicalLocales(locales)),
  writable: true,
  configurable: true,
});
