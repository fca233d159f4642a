// Which of the locales we have data for is meant: the standard's lookup, by leaving off subtags from the right.
// The build gives it to the formatting libraries in place of their own, whose table of likenesses costs half a megabyte.
const { create } = Object;

// ["de-DE", "nu-latn-…"]
function split(tag) {
  const at = tag.search(/-u(-|$)/);
  if (at === -1) return [tag, []];
  const words = tag.slice(at + 3).split("-");
  const end = words.findIndex((word) => word.length === 1);
  return [tag.slice(0, at), end === -1 ? words : words.slice(0, end)];
}

export function bestAvailable(available, tag) {
  const has = (each) => (available.has ? available.has(each) : available.includes(each)); // the libraries give either
  for (let at = tag; at; ) {
    if (has(at)) return at;
    let cut = at.lastIndexOf("-");
    if (at[cut - 2] === "-") cut -= 2;
    at = cut > 0 ? at.slice(0, cut) : "";
  }
  return undefined;
}

// The values of a "-u-" extension by key: {nu: "latn", kn: ""}
export function keywords(words) {
  const found = create(null);
  let key;
  for (const word of words) {
    if (word.length === 2) found[(key = word)] ??= "";
    else if (key) found[key] += found[key] ? `-${word}` : word;
  }
  return found;
}

export function ResolveLocale(available, requested, options, keys, localeData, getDefault) {
  let dataLocale;
  let asked = create(null);
  for (const tag of requested) {
    const [bare, words] = split(tag);
    dataLocale = bestAvailable(available, bare);
    if (!dataLocale) continue;
    asked = keywords(words);
    break;
  }
  dataLocale ??= getDefault();
  const result = create(null);
  const kept = [];
  for (const key of keys) {
    const known = localeData[dataLocale]?.[key] ?? [];
    const wanted = key in asked ? asked[key] || "true" : undefined;
    const option = options[key] === "" ? "true" : options[key];
    result[key] = known[0];
    if (wanted !== undefined && known.includes(wanted)) {
      result[key] = wanted;
      if (option === undefined || option === wanted || !known.includes(option)) kept.push(wanted === "true" ? key : `${key}-${wanted}`);
    }
    if (option !== undefined && known.includes(option)) result[key] = option;
  }
  result.dataLocale = dataLocale;
  result.locale = kept.length ? `${dataLocale}-u-${kept.sort().join("-")}` : dataLocale;
  return result;
}

export function LookupSupportedLocales(available, requested) {
  const found = [];
  for (const tag of requested) if (bestAvailable(available, split(tag)[0])) found.push(tag);
  return found;
}
