// quickjs-emscripten, a WebAssembly instance of its own for each request; the module is compiled once.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { CODE, serve } from "./serving.mjs";
import { called } from "./quickjs_called.mjs";

const require = createRequire(`${process.cwd()}/`);
const { RELEASE_SYNC, newQuickJSWASMModule, newVariant } = require("quickjs-emscripten");
const file = require.resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
const variant = newVariant(RELEASE_SYNC, { wasmModule: new WebAssembly.Module(await readFile(file)) });

serve(async (args) => called(await newQuickJSWASMModule(variant), CODE, args));
