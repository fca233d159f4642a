// Formatters that toLocaleString and its kin used before, by class, locale and options.
const { stringify } = JSON;
const MOST = 40;
let kept = Object.create(null);
let count = 0;

// Options as they are read once, in order; undefined ones left out.
export function chosen(options, names) {
  const made = Object.create(null);
  if (options === undefined) return made;
  const from = Object(options);
  for (let i = 0; i < names.length; i++) {
    const value = from[names[i]];
    if (value !== undefined) made[names[i]] = value;
  }
  return made;
}

export function formatter(Formatter, kind, locales, options) {
  if (locales !== undefined && typeof locales !== "string") return new Formatter(locales, options);
  let key = `${kind}|${locales}`;
  for (const name in options) {
    if (typeof options[name] === "object" || typeof options[name] === "function" || typeof options[name] === "symbol") return new Formatter(locales, options);
    key += `|${name}=${typeof options[name] === "string" ? stringify(options[name]) : String(options[name])}`;
  }
  if (key in kept) return kept[key];
  const made = new Formatter(locales, options);
  if (count++ >= MOST) {
    kept = Object.create(null);
    count = 1;
  }
  return (kept[key] = made);
}
