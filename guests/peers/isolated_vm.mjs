// isolated-vm, an isolate for each request: a heap of its own in the same process. Beside the thread that serves HTTP.

import { createRequire } from "node:module";

import { CODE, serve } from "./serving.mjs";

const ivm = createRequire(`${process.cwd()}/`)("isolated-vm");
const LIMITS = { memoryLimit: 64 };
const CALL = { arguments: { copy: true }, result: { copy: true }, timeout: 1000 };

serve((args) => {
  const isolate = new ivm.Isolate(LIMITS);
  try {
    const context = isolate.createContextSync();
    return context.evalSync(CODE, { reference: true }).applySync(undefined, args, CALL);
  } finally {
    isolate.dispose();
  }
});
