// Cutting texts into graphemes, words and sentences, by the properties a regular expression knows: marks, joiners, flags, Hangul
// syllables and emoji stay together. No dictionary: Chinese, Japanese and Thai words come out character by character or as a run.
import { available } from "./available.js";
import { getCanonicalLocales } from "./locale.js";
import { LookupSupportedLocales, ResolveLocale } from "./matcher.js";

const EXTEND = "[\\p{M}\\u200d\\p{Emoji_Modifier}\\u{e0020}-\\u{e007f}]";
const HANGUL = "[\\u1100-\\u115f]*(?:[\\uac00-\\ud7a3]|[\\u1160-\\u11a7]+)[\\u1160-\\u11ff]*|[\\u1100-\\u115f]+";
const CLUSTER = `(?:\\r\\n|\\p{Regional_Indicator}{2}|\\p{Extended_Pictographic}(?:${EXTEND}*\\u200d\\p{Extended_Pictographic})*|${HANGUL}|[^])${EXTEND}*`;
const WORD = "(?:(?![\\p{Script=Han}\\p{Script=Hiragana}])[\\p{L}\\p{N}\\p{M}_])+(?:(?:['.\\u2019:\\u00b7](?=\\p{L})|[.,'](?=\\p{N}))(?:(?![\\p{Script=Han}\\p{Script=Hiragana}])[\\p{L}\\p{N}\\p{M}_])+)*";
const PATTERNS = {
  __proto__: null,
  grapheme: new RegExp(CLUSTER, "gu"),
  word: new RegExp(`${WORD}|\\r\\n|[ \\u2000-\\u200a\\u3000]+|${CLUSTER}`, "gu"),
  sentence: /[^.!?\u3002\uff01\uff1f\n]*(?:\n|[.!?\u3002\uff01\uff1f]+["'\u201d\u2019)\]]*(?=\s|$|[\u3000-\u9fff])\s*|[.!?]+|$)/gu,
};
const WORD_LIKE = /[\p{L}\p{N}]/u;
const slots = new WeakMap();
const { defineProperty } = Object;

export function Segmenter(locales, options) {
  if (!new.target) throw new TypeError("Constructor Intl.Segmenter requires 'new'");
  const { granularity = "grapheme" } = options === undefined ? {} : Object(options);
  if (!(`${granularity}` in PATTERNS)) throw new RangeError(`Value ${granularity} out of range for Intl.Segmenter options property granularity`);
  const { locale } = ResolveLocale(available, getCanonicalLocales(locales), {}, [], {}, () => "en-US");
  slots.set(this, { locale, granularity: `${granularity}` });
}

function* cut(input, granularity) {
  const pattern = new RegExp(PATTERNS[granularity]);
  for (let at = 0; at < input.length; ) {
    pattern.lastIndex = at;
    const segment = pattern.exec(input)?.[0] || input.slice(at);
    const made = { segment, index: at, input };
    if (granularity === "word") made.isWordLike = WORD_LIKE.test(segment);
    yield made;
    at += segment.length;
  }
}

class Segments {
  #input;
  #granularity;
  constructor(input, granularity) {
    this.#input = input;
    this.#granularity = granularity;
  }
  containing(index = 0) {
    for (const each of this) if (index >= each.index && index < each.index + each.segment.length) return each;
    return undefined;
  }
  [Symbol.iterator]() {
    return cut(this.#input, this.#granularity);
  }
}

const members = {
  segment(input) {
    return new Segments(`${input}`, slots.get(this).granularity);
  },
  resolvedOptions() {
    return { ...slots.get(this) };
  },
};
for (const name in members) defineProperty(Segmenter.prototype, name, { value: members[name], writable: true, configurable: true });
defineProperty(Segmenter.prototype, Symbol.toStringTag, { value: "Intl.Segmenter", configurable: true });
defineProperty(Segmenter, "supportedLocalesOf", {
  value: (locales) => LookupSupportedLocales(available, getCanonicalLocales(locales)),
  writable: true,
  configurable: true,
});
