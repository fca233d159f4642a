// A call in a runtime of its own of quickjs-emscripten; everything is freed after it.

const MEMORY = 64 * 1024 * 1024;
const BUDGET_MS = 1000;

/** Evaluate the code, call it with the arguments, give its value. */
export function called(engine, code, args) {
  const runtime = engine.newRuntime();
  runtime.setMemoryLimit(MEMORY);
  const until = Date.now() + BUDGET_MS;
  runtime.setInterruptHandler(() => Date.now() > until);
  const context = runtime.newContext();
  try {
    const result = context.unwrapResult(context.evalCode(`(${code})(...${JSON.stringify(args)})`));
    const value = context.dump(result);
    result.dispose();
    return value;
  } finally {
    context.dispose();
    runtime.dispose();
  }
}
