// Language tags: their canonical form, and Intl.Locale. Likely subtags are known for the languages most written; for
// others maximize() leaves the tag as it is.
import { keywords } from "./matcher.js";

const TAG = /^(?:[a-z]{2,3}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?$/;
const RENAMED = { __proto__: null, iw: "he", in: "id", ji: "yi", jw: "jv", mo: "ro", tl: "fil", sh: "sr-latn", cmn: "zh", no: "nb" };
const REGIONS = { __proto__: null, BU: "MM", DD: "DE", FX: "FR", TP: "TL", UK: "GB", YD: "YE", ZR: "CD" };
const LIKELY =
  "ar-Arab-EG bg-Cyrl-BG bn-Beng-BD ca-Latn-ES cs-Latn-CZ da-Latn-DK de-Latn-DE el-Grek-GR en-Latn-US es-Latn-ES et-Latn-EE fa-Arab-IR fi-Latn-FI fil-Latn-PH " +
  "fr-Latn-FR he-Hebr-IL hi-Deva-IN hr-Latn-HR hu-Latn-HU id-Latn-ID is-Latn-IS it-Latn-IT ja-Jpan-JP ka-Geor-GE kk-Cyrl-KZ ko-Kore-KR lt-Latn-LT lv-Latn-LV " +
  "ms-Latn-MY nb-Latn-NO nl-Latn-NL nn-Latn-NO pl-Latn-PL pt-Latn-BR ro-Latn-RO ru-Cyrl-RU sk-Latn-SK sl-Latn-SI sq-Latn-AL sr-Cyrl-RS sv-Latn-SE sw-Latn-TZ " +
  "ta-Taml-IN te-Telu-IN th-Thai-TH tr-Latn-TR uk-Cyrl-UA ur-Arab-PK vi-Latn-VN zh-Hans-CN";
const likely = { __proto__: null };
for (const tag of LIKELY.split(" ")) likely[tag.split("-")[0]] = tag.split("-");
const HANT = { __proto__: null, TW: 1, HK: 1, MO: 1 };

function refuse(tag) {
  throw new RangeError(`Incorrect locale information provided: ${tag}`);
}

const titled = (word) => word[0].toUpperCase() + word.slice(1);

function canonicalUnicode(words) {
  const attributes = [];
  let at = 0;
  while (at < words.length && words[at].length > 2) attributes.push(words[at++]);
  const values = keywords(words.slice(at));
  const said = Object.keys(values).sort().map((key) => (values[key] && values[key] !== "true" ? `${key}-${values[key]}` : key));
  return ["u", ...attributes.sort(), ...said].join("-");
}

// Extensions as [singleton, words…], in order.
function extensions(words) {
  const found = [];
  for (let i = 0; i < words.length; i++) {
    if (words[i].length === 1 && found.at(-1)?.[0] !== "x") found.push([words[i]]);
    else found.at(-1).push(words[i]);
  }
  return found;
}

// {language, script, region, variants, rest}
function parse(tag) {
  const lower = `${tag}`.toLowerCase();
  if (!TAG.test(lower)) refuse(tag);
  const words = lower.split("-");
  const first = words.findIndex((word, i) => i > 0 && word.length === 1);
  const head = first === -1 ? words : words.slice(0, first);
  const renamed = (RENAMED[head[0]] ?? head[0]).split("-");
  const made = { language: renamed[0], script: renamed[1] ? titled(renamed[1]) : undefined, region: undefined, variants: [], rest: [] };
  for (const word of head.slice(1)) {
    if (/^[a-z]{4}$/.test(word)) made.script = titled(word);
    else if (/^([a-z]{2}|\d{3})$/.test(word)) made.region = REGIONS[word.toUpperCase()] ?? word.toUpperCase();
    else if (made.variants.includes(word)) refuse(tag);
    else made.variants.push(word);
  }
  made.variants.sort();
  if (first === -1) return made;
  const found = extensions(words.slice(first));
  const seen = {};
  for (const [singleton] of found) {
    if (singleton !== "x" && seen[singleton]) refuse(tag);
    seen[singleton] = true;
  }
  const weight = ([singleton]) => (singleton === "x" ? "~" : singleton);
  made.rest = found.sort((a, b) => (weight(a) < weight(b) ? -1 : 1)).map((each) => (each[0] === "u" ? canonicalUnicode(each.slice(1)) : each.join("-")));
  return made;
}

const based = ({ language, script, region, variants }) => [language, script, region, ...variants].filter(Boolean).join("-");
const written = (parts) => [based(parts), ...parts.rest].join("-");

export function getCanonicalLocales(locales) {
  if (locales === undefined) return [];
  const list = typeof locales === "string" || locales instanceof Locale ? [locales] : Object(locales);
  if (locales === null) throw new TypeError("Incorrect locale information provided");
  const found = [];
  for (let i = 0; i < list.length; i++) {
    if (!(i in list)) continue;
    const each = list[i];
    if (typeof each !== "string" && (typeof each !== "object" || each === null)) throw new TypeError("Incorrect locale information provided");
    const tag = each instanceof Locale ? each.toString() : written(parse(String(each)));
    if (!found.includes(tag)) found.push(tag);
  }
  return found;
}

const KEYS = { __proto__: null, calendar: "ca", collation: "co", hourCycle: "hc", caseFirst: "kf", numeric: "kn", numberingSystem: "nu", firstDayOfWeek: "fw" };
const TYPE = /^[a-z\d]{3,8}(-[a-z\d]{3,8})*$/i;

function withOptions(parts, options) {
  for (const [name, shape] of [["language", /^([a-z]{2,3}|[a-z]{5,8})$/i], ["script", /^[a-z]{4}$/i], ["region", /^([a-z]{2}|\d{3})$/i]]) {
    const value = options[name];
    if (value === undefined) continue;
    if (!shape.test(value)) refuse(value);
    parts[name] = name === "language" ? `${value}`.toLowerCase() : name === "script" ? titled(`${value}`.toLowerCase()) : `${value}`.toUpperCase();
  }
  const own = parts.rest.find((each) => each.startsWith("u-"));
  const values = keywords(own ? own.slice(2).split("-") : []);
  for (const name in KEYS) {
    let value = options[name];
    if (value === undefined) continue;
    if (name === "numeric") value = value ? "" : "false";
    else if (!TYPE.test(value)) refuse(value);
    values[KEYS[name]] = `${value}`.toLowerCase();
  }
  const words = Object.keys(values).flatMap((key) => (values[key] ? [key, ...values[key].split("-")] : [key]));
  const others = parts.rest.filter((each) => !each.startsWith("u-"));
  parts.rest = words.length ? [...others.filter((each) => each < "u"), canonicalUnicode(words), ...others.filter((each) => each > "u")] : others;
  parts.values = values;
  return parts;
}

function fullest({ language, script, region }) {
  const known = likely[language];
  if (!known) return { language, script, region };
  const usual = language === "zh" && HANT[region] ? "Hant" : known[1];
  return { language, script: script ?? usual, region: region ?? (language === "zh" && script === "Hant" ? "TW" : known[2]) };
}

export class Locale {
  #parts;
  constructor(tag, options) {
    if (typeof tag !== "string" && (typeof tag !== "object" || tag === null)) throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
    this.#parts = withOptions(parse(typeof tag === "object" && #parts in tag ? tag.toString() : String(tag)), options === undefined ? {} : Object(options));
  }
  get baseName() {
    return based(this.#parts);
  }
  get language() {
    return this.#parts.language;
  }
  get script() {
    return this.#parts.script;
  }
  get region() {
    return this.#parts.region;
  }
  get numeric() {
    const value = this.#parts.values.kn;
    return value !== undefined && value !== "false";
  }
  maximize() {
    return new Locale(written({ ...this.#parts, ...fullest(this.#parts) }));
  }
  minimize() {
    const all = fullest(this.#parts);
    const is = (tried) => based({ ...fullest(tried), variants: [] }) === based({ ...all, variants: [] });
    const tries = [{ language: all.language }, { language: all.language, region: all.region }, { language: all.language, script: all.script }];
    const least = tries.find(is) ?? all;
    return new Locale(written({ ...this.#parts, script: undefined, region: undefined, ...least }));
  }
  getTimeZones() {
    return undefined;
  }
  getTextInfo() {
    return { direction: /^(Arab|Hebr|Thaa|Syrc|Nkoo)$/.test(fullest(this.#parts).script) ? "rtl" : "ltr" };
  }
  toString() {
    return written(this.#parts);
  }
  static {
    for (const name in KEYS) {
      if (name === "numeric") continue;
      const get = function () {
        return this.#parts.values[KEYS[name]];
      };
      Object.defineProperty(Locale.prototype, name, { get, configurable: true });
    }
  }
}
Object.defineProperty(Locale.prototype, Symbol.toStringTag, { value: "Intl.Locale", configurable: true });
