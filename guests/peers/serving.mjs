// The HTTP around each peer that runs in Node: a keep-alive server, one route, JSON arguments in and a JSON value out.

import { createServer } from "node:http";

export const CODE = "(x) => x + 1";

const HOST = "127.0.0.1";
const IDLE_MS = 120_000;

/** Serve on the port that the command line names; `run` takes the arguments and gives the value, or a promise of it. */
export function serve(run) {
  const server = createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => answer(run, request, Buffer.concat(pieces), response));
  });
  server.keepAliveTimeout = IDLE_MS;
  server.listen(Number(process.argv[2]), HOST);
  process.on("SIGTERM", () => process.exit(0));
}

async function answer(run, request, body, response) {
  let status = 200;
  let text = "true";
  try {
    if (request.method === "POST") text = JSON.stringify(await run(JSON.parse(body).args));
  } catch (error) {
    status = 500;
    text = JSON.stringify(String(error));
  }
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}
