// Drives the published SDK against a server, as its README shows, and prints what it gave: one JSON object.
// The only thing that is told apart from the defaults is the base address.
import { pathToFileURL } from "node:url";

const { address, token, user, query, packages } = JSON.parse(process.argv[2]);
const { default: ValTown } = await import(pathToFileURL(`${packages}/@valtown/sdk/index.mjs`));
const client = new ValTown({ bearerToken: token, baseURL: address, maxRetries: 0 });
const nobody = new ValTown({ bearerToken: "wrong", baseURL: address, maxRetries: 0 });

// What a call gave, or which of the SDK's errors it threw, with the body that the error carries.
async function outcome(call) {
  try {
    return { value: await call() };
  } catch (error) {
    return { error: error.constructor.name, status: error.status, body: error.error, message: error.message };
  }
}

async function all(pages) {
  const found = [];
  for await (const item of pages) found.push(item);
  return found;
}

const calls = {
  me: () => client.me.profile.retrieve(),
  user: () => client.users.retrieve(user),
  noUser: () => client.users.retrieve("00000000-0000-4000-8000-000000000000"),
  alias: () => client.alias.username.retrieve("alice"),
  noAlias: () => client.alias.username.retrieve("nobody"),
  search: async () => (await client.search.vals.list({ query, limit: 2 })).data,
  walk: () => all(client.search.vals.list({ query, limit: 2 })),
  wrong: () => nobody.me.profile.retrieve(),
  blobs: () => client.blobs.list(),
  blob: async () => (await client.blobs.get("key")).status,
  store: () => client.blobs.store("key", new Blob(["text"])),
  forget: () => client.blobs.delete("key"),
  execute: () => client.sqlite.execute({ statement: "select 1" }),
  batch: () => client.sqlite.batch({ statements: ["select 1"] }),
  email: () => client.emails.send({ subject: "s", text: "t" }),
  get: () => client.get("/v1/eval/1+1"),
  post: () => client.post("/v1/eval", { body: { code: "(a, b) => a + b", args: [1, 42] } }),
  run: () => client.post("/v1/run/alice.double", { body: { args: [21] } }),
  throws: () => client.post("/v1/eval", { body: { code: "throw new TypeError('no')" } }),
  unreadable: () => client.post("/v1/eval", { body: { code: "let =" } }),
  missing: () => client.post("/v1/run/alice.nothing", { body: {} }),
};

const given = {};
for (const [name, call] of Object.entries(calls)) given[name] = await outcome(call);
console.log(JSON.stringify(given));
