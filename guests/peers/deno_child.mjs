// What runs in a process of Deno: one line of JSON in, `{"code", "args"}`, one line of JSON out, and the end.

const decoder = new TextDecoder();
let text = "";
for await (const piece of Deno.stdin.readable) {
  text += decoder.decode(piece, { stream: true });
  if (text.endsWith("\n")) break;
}
const { code, args } = JSON.parse(text);
const value = await (0, eval)(code)(...args);
Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
Deno.exit(0);
