// A process of Deno for each request, without any permission. With a number as second argument so many wait ahead, each for one use.
// At most so many run at once as help on a small machine: more only wait for one another.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { CODE, serve } from "./serving.mjs";

const [, , , deno, ahead] = process.argv;
const CHILD = fileURLToPath(new URL("deno_child.mjs", import.meta.url));
const WORDS = ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--cached-only", "--no-check", CHILD];
const AT_ONCE = 4;

const start = () => spawn(deno, WORDS, { stdio: ["pipe", "pipe", "inherit"] });
const ready = Array.from({ length: Number(ahead ?? 0) }, start);
const waiting = [];
let free = AT_ONCE;

serve(async (args) => {
  if (free === 0) await new Promise((go) => waiting.push(go));
  else free -= 1;
  const child = ready.shift() ?? start();
  try {
    return await asked(child, args);
  } finally {
    if (ahead) ready.push(start());
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }
});

function asked(child, args) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece) => {
      text += piece;
      if (text.endsWith("\n")) resolve(JSON.parse(text));
    });
    child.on("error", reject).on("close", (status) => reject(new Error(`deno ended with ${status}`)));
    child.stdin.write(`${JSON.stringify({ code: CODE, args })}\n`);
  });
}

process.on("exit", () => ready.forEach((child) => child.kill()));
