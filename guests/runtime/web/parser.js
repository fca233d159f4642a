// whatwg-url's parser, with what the URL Standard has and it has not yet; tests/conformance holds it to both.
import "./legacy.js";
import tr46 from "tr46";
import usm from "whatwg-url/lib/url-state-machine.js";

const { toASCII } = tr46;
const encode = encodeURIComponent;
const ASCII = /^[\0-\x7f]*$/;
const ASTRAL = /[\u{10000}-\u{10ffff}]+/gu;

// A host of ASCII alone is itself in lower case, whatever its "xn--" stands for: many such names are in use (the Standard, June 2026).
tr46.toASCII = (domain, options) => (ASCII.test(domain) ? domain.toLowerCase() : toASCII(domain, options));

/**
 * The basic URL parser. Characters beyond the first plane are percent-encoded before, as they end in every part that may hold them:
 * the library counts them as one and steps over them by code units, and so loses what stands behind them before an "@".
 */
export function basicURLParse(input, options) {
  return usm.basicURLParse(input.includes("@") ? input.replace(ASTRAL, (text) => encode(text)) : input, options);
}

export default usm;
