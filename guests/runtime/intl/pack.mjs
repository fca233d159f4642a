// Run by Node while the runtime is built: `node pack.mjs FILE` writes the locales' data as JSON texts, and the time zones' lines, as a
// script that goes in front of the runtime's function: inside it they would be held twice, as strings and as the function's source.
// The libraries read their own data here, once, and what they made of it is kept: in a guest that reading takes half a second.
import { writeFileSync } from "node:fs";
import { DateTimeFormat } from "@formatjs/intl-datetimeformat";
import ListFormat from "@formatjs/intl-listformat";
import { NumberFormat } from "@formatjs/intl-numberformat";
import RelativeTimeFormat from "@formatjs/intl-relativetimeformat";

const LOCALES = ["en", "en-GB", "de", "es", "fr", "ja", "pt"];
const classes = { DateTimeFormat, ListFormat, NumberFormat, RelativeTimeFormat };
const packed = { zones: undefined };
const { Intl: real } = globalThis;
globalThis.Intl = { ...classes, getCanonicalLocales: real.getCanonicalLocales, Locale: real.Locale };
DateTimeFormat.__addTZData = ({ zones, ...rest }) => void (packed.zones = { ...rest, lines: zones.map(changes).join("\n") });
await import("@formatjs/intl-datetimeformat/add-all-tz.js");

// A zone's line without what changes nothing: the data says each second before a change, too.
function changes(line) {
  const [zone, ...all] = line.split("|");
  const state = (part) => part.slice(part.indexOf(","));
  return [zone, ...all.filter((part, i) => i === 0 || state(part) !== state(all[i - 1]))].join("|");
}

// Between a date and its time, which the library's data does not say.
const AT = { en: " at ", "en-GB": " at ", de: " um ", fr: " \u00e0 ", pt: " \u00e0s " };

function lean(name, locale, data) {
  if (name === "NumberFormat") return { ...data, nu: ["latn"], numbers: latin(data.numbers) };
  if (name !== "DateTimeFormat") return data;
  const { calendarData, ...rest } = data; // the Gregorian calendar only: others would double it
  const at = AT[locale];
  if (at) rest.dateTimeFormat = { ...rest.dateTimeFormat, full: `{1}${at}{0}`, long: `{1}${at}{0}` };
  return { ...rest, nu: ["latn"], ca: ["gregory", "iso8601"], formats: { gregory: data.formats.gregory } };
}

// As Node and the browsers do, an ordinary space before AM and PM: programs look for it.
const text = (name, folded) => (name === "DateTimeFormat" ? folded.replaceAll("\\u202f", " ") : folded);

// Latin digits only; CLDR gives every script's.
function latin(numbers) {
  const only = (table) => (table?.latn ? { latn: table.latn } : table);
  return Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, key === "nu" ? ["latn"] : only(value)]));
}

// The data repeats itself: each thing is kept once, after the things it is made of, and named by its number. packed.js has the other half.
// A text is itself; [-1, …numbers] an array; [-2, value] a number, truth or null; [shape, …numbers] an object with the keys of that shape.
function fold(data) {
  const known = new Map();
  const shapes = [];
  const things = [];
  const keep = (thing) => {
    const text = JSON.stringify(thing);
    if (!known.has(text)) known.set(text, things.push(thing) - 1);
    return known.get(text);
  };
  const shape = (keys) => {
    const text = keys.join("|");
    const at = shapes.indexOf(text);
    return at === -1 ? shapes.push(text) - 1 : at;
  };
  const number = (value) => {
    if (typeof value === "string") return keep(value);
    if (Array.isArray(value)) return keep([-1, ...value.map(number)]);
    if (value === null || typeof value !== "object") return keep([-2, value]);
    const keys = Object.keys(value).filter((key) => value[key] !== undefined);
    return keep([shape(keys), ...keys.map((key) => number(value[key]))]);
  };
  number(data);
  const ascii = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`; // or each character takes two bytes
  return JSON.stringify([shapes, things]).replace(/[^\0-\x7f]/g, ascii);
}

for (const [name, formatter] of Object.entries(classes)) {
  packed[name] = {};
  for (const locale of LOCALES) {
    await import(`@formatjs/intl-${name.toLowerCase()}/locale-data/${locale}.js`);
    packed[name][locale] = text(name, fold(lean(name, locale, formatter.localeData[locale])));
  }
}
writeFileSync(process.argv[2], `globalThis.packed = ${JSON.stringify(packed)};\n`);
