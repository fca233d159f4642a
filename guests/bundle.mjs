// Bundle one script for a guest: `node bundle.mjs entry format outfile`, run from beside node_modules.
//
// Tables that a library keeps as JSON stay text until they are used: as code, a table is several times as large in an image
// that nearly nobody reads. What is a list is looked at through a stand-in that reads it then; anything else is read when it is required.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const LARGE = 20_000; // characters

const ascii = (text) => text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

function asCode(value) {
  const text = JSON.stringify(ascii(JSON.stringify(value)));
  if (!Array.isArray(value)) return `module.exports = JSON.parse(${text});`;
  return `const { parse } = JSON; let list; module.exports = new Proxy([], { get: (_, key) => (list ??= parse(${text}))[key] });`;
}

const tables = {
  name: "tables",
  setup(bundle) {
    bundle.onLoad({ filter: /\.json$/ }, async ({ path }) => {
      const contents = await readFile(path, "utf8");
      return contents.length < LARGE ? { contents, loader: "json" } : { contents: asCode(JSON.parse(contents)), loader: "js" };
    });
  },
};

const [entry, format, outfile] = process.argv.slice(2);
await build({
  entryPoints: [entry],
  format,
  outfile,
  bundle: true,
  platform: "browser",
  target: "es2023",
  charset: "ascii",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  plugins: [tables],
  alias: { "@formatjs/intl-localematcher": join(dirname(entry), "intl", "matcher.js") }, // ours: see there
  logLevel: "error",
}).catch(() => process.exit(1));
