// What the rows of a table mean: one function for each kind of row. Evaluated as a script, in A's guest and in B's.
{
  const PARTS = ["href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];
  const SPECIAL = /^(?:https?|wss?|ftp):$/;
  const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const parts = (url, wanted) => {
    for (const part of PARTS) if (part in wanted) equal(url[part], wanted[part], part);
    if (typeof wanted.origin === "string") equal(url.origin, wanted.origin, "origin");
  };

  globalThis.tables = {
    // input, base (null: none), and the parts it comes to, or `failure`; what is not named is said by href and host, or empty; origin null: not said.
    url({ input, base, failure, searchParams, ...named }) {
      const given = base === null || base === undefined ? [input] : [input, base];
      equal(URL.canParse(...given), !failure, "canParse");
      if (failure) {
        equal(URL.parse(...given), null, "parse");
        throws("TypeError", () => new URL(...given));
        return;
      }
      const url = new URL(...given);
      const [protocol] = named.href.match(/^[^:]*:/);
      const { host = "", origin = SPECIAL.test(protocol) ? `${protocol}//${host}` : "null" } = named;
      const empty = Object.fromEntries(PARTS.map((part) => [part, ""]));
      parts(url, { ...empty, protocol, host, hostname: host, origin, ...named });
      equal(URL.parse(...given).href, url.href, "parse");
      equal([`${url}`, url.toJSON()], [url.href, url.href], "as text");
      equal(new URL(url.href).href, url.href, "parsed again");
      if (searchParams !== undefined) equal(`${url.searchParams}`, searchParams, "searchParams");
    },
    // The attribute `set` of the URL `href` is set to `new_value`; then it has the parts `expected`.
    setter({ set, href, new_value, expected }) {
      const url = new URL(href);
      url[set] = new_value;
      parts(url, expected);
    },
    // A host, and how it is written in ASCII; null: it is no host.
    toascii({ input, output }) {
      if (output === null) {
        throws("TypeError", () => new URL(`https://${input}/x`));
        throws("TypeError", () => new URL(`wss://${input}/x`));
        return;
      }
      const url = new URL(`https://${input}/x`);
      equal([url.host, url.hostname, url.pathname, url.href], [output, output, "/x", `https://${output}/x`]);
      const other = new URL("https://x/x");
      for (const part of ["host", "hostname"]) {
        other[part] = "x";
        other[part] = input;
        equal(other[part], output, `set ${part}`);
      }
    },
    // A domain, as itself and percent-encoded, and how it is written in ASCII; null: it is none.
    idna({ input, output }) {
      const hostOf = (domain) => URL.parse(`https://${domain}/x`)?.host ?? null;
      equal(hostOf(Array.from(new TextEncoder().encode(input), (byte) => `%${hexOf([byte])}`).join("")), output, "percent-encoded");
      if (!/[#/?@:\\[\]\s]/.test(input)) equal(hostOf(input), output);
    },
    // Text that is percent-encoded in a query; a URL here is always encoded as UTF-8.
    percent({ input, output }) {
      equal(new URL(`http://doesnotmatter.invalid/?${input}`).search, `?${output["utf-8"]}`);
      equal(new URL(`http://doesnotmatter.invalid/#${input}`).hash, `#${output["utf-8"]}`);
    },
    // A form's text, and the pairs it holds.
    form({ input, output }) {
      equal([...new URLSearchParams(input)], output);
      if (!input.startsWith("?")) equal([...new URLSearchParams(`?${input}`)], output, "after ?");
    },
    // A label, and the name of its encoding; null: there is none.
    label({ label, encoding }) {
      if (encoding === null) return void throws("RangeError", () => new TextDecoder(label));
      equal(new TextDecoder(label).encoding, encoding);
      equal(new TextDecoder(`\t\n\f\r ${label.toUpperCase()} `).encoding, encoding, "with spaces, in capitals");
    },
    // Bytes in hexadecimal, and the text they are; `error`: a fatal decoder refuses them.
    decode({ encoding, bytes, text, error, ignoreBOM = false }) {
      const given = bytesOf(bytes);
      equal(new TextDecoder(encoding, { ignoreBOM }).decode(given), text);
      const fatal = new TextDecoder(encoding, { fatal: true, ignoreBOM });
      if (error) throws("TypeError", () => fatal.decode(given));
      else equal(fatal.decode(given), text, "fatal");
      for (const size of [1, 2, 3]) {
        const decoder = new TextDecoder(encoding, { ignoreBOM });
        let found = "";
        for (let at = 0; at < given.length; at += size) found += decoder.decode(given.subarray(at, at + size), { stream: true });
        equal(found + decoder.decode(), text, `in pieces of ${size}`);
      }
    },
    // Many characters, each as its bytes and its text.
    characters({ encoding, pairs }) {
      const decoder = new TextDecoder(encoding, { fatal: true });
      for (const [bytes, text] of pairs) equal(decoder.decode(bytesOf(bytes)), text, bytes);
    },
    // Text, and its bytes in UTF-8.
    encode({ text, bytes }) {
      equal(hexOf(new TextEncoder().encode(text)), bytes);
      const into = new Uint8Array(bytes.length / 2 + 3);
      equal(new TextEncoder().encodeInto(text, into), { read: text.length, written: bytes.length / 2 });
      equal(hexOf(into), `${bytes}000000`, "into");
    },
    // Base64, and the bytes it stands for; null: it is none.
    atob({ input, output }) {
      if (output === null) return void throws("InvalidCharacterError", () => atob(input));
      equal(Array.from(atob(input), (unit) => unit.charCodeAt(0)), output);
    },
    // Text of bytes, and its base64; null: it holds more than bytes.
    btoa({ input, output }) {
      if (output === null) return void throws("InvalidCharacterError", () => btoa(input));
      equal(btoa(input), output);
      equal(atob(output), input, "and back");
    },
  };
}
