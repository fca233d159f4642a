// An Express handler and its one request: (req, res) with what Express 4 gives them, when the whole body is there.
import { bodyOf, collected } from "./body.js";
import { ExpressRequest } from "./request.js";
import { ExpressResponse } from "./response.js";

const { stringify } = JSON;

function unreadable(door, error) {
  const told = stringify({ type: "error", error: `The request's body is not what its Content-Type says: ${error.message}` });
  door.whole(400, "Bad Request", ["Content-Type", "application/json; charset=utf-8"], told);
}

function typeIn(list) {
  for (let i = 0; i < list.length; i += 2) if (list[i] === "content-type") return list[i + 1];
  return undefined;
}

// Resolves when the handler has answered; rejects with what it threw before. Until then it is under way, and when nothing is any more,
// the host knows from `settled` that the answer is 204.
export async function serveExpress(door, handler, it, given) {
  const bytes = given ?? (await collected(door));
  let body;
  try {
    body = bodyOf(bytes, typeIn(it.headers));
  } catch (error) {
    return unreadable(door, error);
  }
  return new Promise((resolve, reject) => {
    const req = new ExpressRequest(it, body, bytes);
    const res = new ExpressResponse(door, req, resolve);
    // What handlers of three parameters call.
    const next = (error) => {
      if (error !== undefined && error !== null && error !== "route") reject(error);
      else if (!res.headersSent) res.status(404).type("txt").send(`Cannot ${req.method} ${req.originalUrl}`);
    };
    req.answeredBy(res);
    Promise.resolve(handler(req, res, next)).then(() => void (door.ended || door.settled()), reject);
  });
}
