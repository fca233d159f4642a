// The global Intl, with the formatting libraries' classes and what they know of each locale (made by pack.mjs).
// English is unfolded while the image is built; another locale when it is first asked for.
import { DateTimeFormat } from "@formatjs/intl-datetimeformat";
import ListFormat from "@formatjs/intl-listformat";
import { NumberFormat } from "@formatjs/intl-numberformat";
import { PluralRules } from "@formatjs/intl-pluralrules";
import RelativeTimeFormat from "@formatjs/intl-relativetimeformat";
import { getCanonicalLocales, Locale } from "./locale.js";
import packed from "./packed.js";
import { unfold } from "./unfold.js";
import { keepZones } from "./zones.js";

const { defineProperty, entries } = Object;
const REGIONS = { __proto__: null, de: "de-DE", en: "en-US", es: "es-ES", fr: "fr-FR", ja: "ja-JP", pt: "pt-BR" };

function data(text) {
  const made = unfold(text);
  if (made.formats) made.formats.iso8601 = made.formats.gregory;
  return made;
}

function know(formatter, locale, text) {
  const { localeData, availableLocales } = formatter;
  const put = (value) => {
    for (const tag of tags) defineProperty(localeData, tag, { value, writable: true, configurable: true, enumerable: true });
    return value;
  };
  const tags = locale in REGIONS ? [locale, REGIONS[locale]] : [locale];
  for (const tag of tags) {
    availableLocales.add(tag);
    defineProperty(localeData, tag, { get: () => put(data(text)), configurable: true, enumerable: true });
  }
  if (locale === "en") put(data(text));
}

for (const [name, formatter] of entries({ DateTimeFormat, ListFormat, NumberFormat, RelativeTimeFormat })) {
  for (const [locale, text] of entries(packed[name])) know(formatter, locale, text);
}
DateTimeFormat.tzData = keepZones(packed.zones);

export const classes = { DateTimeFormat, ListFormat, Locale, NumberFormat, PluralRules, RelativeTimeFormat };
export const Intl = {};
for (const [name, value] of entries({ ...classes, getCanonicalLocales })) defineProperty(Intl, name, { value, writable: true, configurable: true });
defineProperty(Intl, Symbol.toStringTag, { value: "Intl", configurable: true });
defineProperty(globalThis, "Intl", { value: Intl, writable: true, configurable: true });
