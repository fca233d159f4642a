// quickjs-emscripten, a runtime for each request within one WebAssembly instance: everybody's heaps lie in one memory.

import { createRequire } from "node:module";

import { CODE, serve } from "./serving.mjs";
import { called } from "./quickjs_called.mjs";

const { newQuickJSWASMModule } = createRequire(`${process.cwd()}/`)("quickjs-emscripten");
const engine = await newQuickJSWASMModule();

serve((args) => called(engine, CODE, args));
