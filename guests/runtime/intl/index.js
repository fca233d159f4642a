// Intl, and what of the built-ins speaks of locales. Nothing here asks the clock: a formatter does, when it is asked to format "now".
import { install } from "../born.js";
import "./plurals.js";
import { Collator } from "./collator.js";
import { getCanonicalLocales } from "./locale.js";
import { installMethods } from "./methods.js";
import { classes, Intl } from "./object.js";
import { quicken } from "./quick.js";
import { Segmenter } from "./segmenter.js";

const { defineProperty, getOwnPropertyDescriptor, keys } = Object;
const MISSING = ["DisplayNames", "DurationFormat"];

const VALUES = {
  __proto__: null,
  calendar: () => ["gregory", "iso8601"],
  collation: () => ["default"],
  currency: () => keys(classes.NumberFormat.localeData.en.currencies).sort(),
  numberingSystem: () => ["latn"],
  timeZone: () => keys(classes.DateTimeFormat.tzData).sort(),
  unit: () => keys(classes.NumberFormat.localeData.en.units.simple).filter((name) => !name.includes("-per-")).sort(),
};

function supportedValuesOf(key) {
  if (!(`${key}` in VALUES)) throw new RangeError(`Invalid key : ${key}`);
  return VALUES[`${key}`]();
}

function absent(name) {
  return function () {
    throw new TypeError(`Intl.${name} is not built`);
  };
}

// English is parsed and one formatter of each kind made while the image is built, so that a guest need not.
function warm() {
  const { DateTimeFormat } = classes;
  new DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short" }).formatToParts(0);
  for (const method of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) new Date(0)[method]();
  (1234.5).toLocaleString();
  new classes.PluralRules("en-US").select(1);
}

export function installIntl(host, global) {
  for (const formatter of Object.values(classes)) {
    if (formatter.availableLocales) formatter.__defaultLocale = "en-US";
    // what the libraries keep on their classes is no member of the standard's
    for (const name of keys(formatter)) defineProperty(formatter, name, { ...getOwnPropertyDescriptor(formatter, name), enumerable: false });
  }
  install(Intl, { Collator, Segmenter, supportedValuesOf, getCanonicalLocales });
  for (const name of MISSING) install(Intl, { [name]: absent(name) });
  install(global, { Intl });
  host.glue.native(...Object.values(classes), Collator, Segmenter);
  quicken(classes.NumberFormat);
  installMethods();
  warm();
}
