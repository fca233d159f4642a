// toLocaleString and its kin, of numbers, dates and arrays, and localeCompare.
import { chosen, formatter } from "./cache.js";
import { Collator, compareTexts } from "./collator.js";
import { classes } from "./object.js";

const { DateTimeFormat, NumberFormat } = classes;
const { apply } = Reflect;
const { defineProperty } = Object;
const { getTime } = Date.prototype;
const numberValue = Number.prototype.valueOf;
const bigintValue = BigInt.prototype.valueOf;

const NUMBER = [
  ...["localeMatcher", "numberingSystem", "style", "currency", "currencyDisplay", "currencySign", "unit", "unitDisplay", "notation", "compactDisplay"],
  ...["minimumIntegerDigits", "minimumFractionDigits", "maximumFractionDigits", "minimumSignificantDigits", "maximumSignificantDigits"],
  ...["roundingIncrement", "roundingMode", "roundingPriority", "trailingZeroDisplay", "useGrouping", "signDisplay"],
];
const DATE = ["weekday", "year", "month", "day"];
const TIME = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];
const MOMENT = [...["localeMatcher", "calendar", "numberingSystem", "hour12", "hourCycle", "timeZone", "era", "timeZoneName", "formatMatcher", "dateStyle", "timeStyle"], ...DATE, ...TIME];
const COMPARE = ["usage", "localeMatcher", "collation", "numeric", "caseFirst", "sensitivity", "ignorePunctuation"];

const said = (options, names) => names.some((name) => options[name] !== undefined);

// What is shown when nothing is asked for: `wanted` is [date?, time?], of which one at least must not be excluded by a style.
function dated(kind, date, time) {
  const shown = [...(date ? DATE : []), ...(time ? TIME : [])];
  return function (locales, options) {
    const moment = apply(getTime, this, []);
    const all = chosen(options, MOMENT);
    if (all.dateStyle !== undefined || all.timeStyle !== undefined) {
      if (!date && all.dateStyle !== undefined) throw new TypeError("Invalid option : dateStyle");
      if (!time && all.timeStyle !== undefined) throw new TypeError("Invalid option : timeStyle");
    } else if (!said(all, shown)) {
      if (date) all.year = all.month = all.day = "numeric";
      if (time) all.hour = all.minute = all.second = "numeric";
    }
    const made = formatter(DateTimeFormat, kind, locales, all);
    return moment !== moment ? "Invalid Date" : made.format(moment);
  };
}

const numbered = (value) =>
  function (locales, options) {
    const number = apply(value, this, []);
    return formatter(NumberFormat, "number", locales, chosen(options, NUMBER)).format(number);
  };

function arrayed(locales, options) {
  const list = Object(this);
  let text = "";
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    text += (i ? "," : "") + (item === undefined || item === null ? "" : String(item.toLocaleString(locales, options)));
  }
  return text;
}

function compared(that, locales, options) {
  if (this === undefined || this === null) throw new TypeError("String.prototype.localeCompare called on null or undefined");
  if (locales === undefined && options === undefined) return compareTexts(`${this}`, `${that}`);
  return formatter(Collator, "collator", locales, chosen(options, COMPARE)).compare(`${this}`, `${that}`);
}

function replace(prototype, name, length, method) {
  defineProperty(method, "name", { value: name, configurable: true });
  defineProperty(method, "length", { value: length, configurable: true });
  defineProperty(prototype, name, { value: method, writable: true, configurable: true });
}

export function installMethods() {
  replace(Number.prototype, "toLocaleString", 0, numbered(numberValue));
  replace(BigInt.prototype, "toLocaleString", 0, numbered(bigintValue));
  replace(Array.prototype, "toLocaleString", 0, arrayed);
  replace(Object.getPrototypeOf(Uint8Array.prototype), "toLocaleString", 0, arrayed);
  replace(String.prototype, "localeCompare", 1, compared);
  replace(Date.prototype, "toLocaleString", 0, dated("moment", true, true));
  replace(Date.prototype, "toLocaleDateString", 0, dated("date", true, false));
  replace(Date.prototype, "toLocaleTimeString", 0, dated("time", false, true));
}
