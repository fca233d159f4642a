// A dynamic worker under a name of its own for each request: an isolate, loaded, used once.

const CODE = "(x) => x + 1";
const DATE = "2026-10-01";
const SOURCE = `
const run = ${CODE};
export default {
  async fetch(request) {
    const { args } = await request.json();
    return new Response(JSON.stringify(run(...args)), { headers: { "Content-Type": "application/json" } });
  },
};
`;
const WORKER = {
  compatibilityDate: DATE,
  mainModule: "main.js",
  modules: { "main.js": SOURCE },
  globalOutbound: null,
};

let count = 0;

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response("true");
    count += 1;
    const worker = env.LOADER.get(`request ${count}`, () => WORKER);
    const body = await request.text();
    const answer = await worker.getEntrypoint().fetch("http://val/", { method: "POST", body });
    return new Response(await answer.text(), { headers: { "Content-Type": "application/json" } });
  },
};
