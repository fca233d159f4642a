"""Twenty-four vals as people wrote them in 2023: what each needs, how it is called, what must come of it.

`http://town` stands for the server on loopback. The owner of a val stands in front of its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Snippet:
    """`vals` are saved first, in order; `steps` are evaluated by alice, one after another, each with what it comes to."""

    name: str
    vals: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, object], ...]


SNIPPETS = (
    Snippet(
        "a library's fetchJSON",
        (
            (
                "stevekrouse.fetchJSON",
                """
export const fetchJSON = async (url: string | URL, options?: RequestInit & { bearer?: string }) => {
  const headers = new Headers(options?.headers ?? {});
  headers.set("accept", "application/json");
  if (options?.bearer) headers.set("authorization", `Bearer ${options.bearer}`);
  const res = await fetch(url, { redirect: "follow", ...options, headers });
  if (!res.ok) throw new Error(`fetchJSON ${res.status}: ${await res.text()}`);
  return res.json();
};""",
            ),
        ),
        (
            ("(await @stevekrouse.fetchJSON('http://town/v0/item/1.json')).title", "Wasm & you"),
            ("await @stevekrouse.fetchJSON(new URL('/v0/topstories.json', 'http://town'))", [3, 1, 2]),
            (
                "return @stevekrouse.fetchJSON('http://town/down').catch((e) => [e instanceof Error, e.message])",
                [True, "fetchJSON 500: "],
            ),
        ),
    ),
    Snippet(
        "a JSON cache in @me.cache",
        (
            ("alice.cache", "({})"),
            (
                "alice.cached",
                """
async function cached(key: string, ttl: number, make: () => Promise<unknown>) {
  const hit = @me.cache[key];
  if (hit && Date.now() - hit.at < ttl) return { ...hit, hit: true };
  const value = await make();
  @me.cache[key] = { value, at: Date.now() };
  return { value, hit: false };
}""",
            ),
        ),
        (
            (
                """
const load = () => fetch("http://town/v0/item/3.json").then((r) => r.json());
const first = await @me.cached("story", 60_000, load);
const second = await @me.cached("story", 60_000, load);
return [first.hit, second.hit, second.value.title];""",
                [False, True, "QuickJS at ten"],
            ),
            ("Object.keys(@me.cache)", ["story"]),
        ),
    ),
    Snippet(
        "an email digest",
        (
            (
                "alice.digest",
                """
export const digest = async () => {
  const ids: number[] = await (await fetch("http://town/v0/topstories.json")).json();
  const stories = await Promise.all(ids.slice(0, 2).map(async (id) => (await fetch(`http://town/v0/item/${id}.json`)).json()));
  const html = `<ol>${stories.map((s) => `<li><a href="${s.url}">${s.title}</a> (${s.score})</li>`).join("")}</ol>`;
  await console.email({ html, subject: `Top ${stories.length} for ${new Date("2023-05-04").toLocaleDateString("en-US", { dateStyle: "long" })}` });
  return html.length;
};""",
            ),
        ),
        (("await @me.digest()", 144),),
    ),
    Snippet(
        "a webhook receiver that checks a signature",
        (
            ("alice.events", "[]"),
            (
                "alice.receive",
                """
const hex = (bytes: ArrayBuffer) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
async function receive(request: Request) {
  const body = await request.text();
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("whsec_town"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const expected = "sha256=" + hex(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body)));
  if (request.headers.get("X-Hub-Signature-256") !== expected) return new Response("bad signature", { status: 401 });
  const event = JSON.parse(body);
  @me.events.push({ action: event.action, id: event.id });
  return Response.json({ stored: @me.events.length }, { status: 201 });
}""",
            ),
        ),
        (
            (
                """
const send = (body: string, signature: string) =>
  @me.receive(new Request("https://hooks.example/github", { method: "POST", body, headers: { "X-Hub-Signature-256": signature } }));
const good = await send('{"action":"opened","id":7}', "sha256=29de402e5e4e2a87b0d1aed4c4a3c8a9cf5e3d6efc2c6e2f2a8a7a1df87fb5a9");
const bad = await send('{"action":"opened","id":8}', "sha256=00");
return [bad.status, await bad.text(), @me.events.length];""",
                [401, "bad signature", 0],
            ),
            (
                """
const body = '{"action":"opened","id":7}';
const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("whsec_town"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body)));
const signature = "sha256=" + Array.from(mac, (b) => b.toString(16).padStart(2, "0")).join("");
const res = await @me.receive(new Request("https://hooks.example/github", { method: "POST", body, headers: { "x-hub-signature-256": signature } }));
return [res.status, await res.json(), res.headers.get("content-type")];""",
                [201, {"stored": 1}, "application/json"],
            ),
        ),
    ),
    Snippet(
        "a scraper with regular expressions",
        (
            (
                "alice.scrape",
                r"""
export async function scrape(url: string) {
  const html = await fetch(url).then((r) => r.text());
  const decode = (s: string) => s.replace(/&(amp|lt|gt|quot);/g, (_, n) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[n]!);
  return [...html.matchAll(/<li class="book"><a href="(?<href>[^"]+)">(?<title>.*?)<\/a>\s*<span>\$(?<price>[\d.]+)<\/span>/g)]
    .map(({ groups }) => ({ title: decode(groups!.title), price: Number(groups!.price), url: new URL(groups!.href, url).pathname }));
}""",
            ),
        ),
        (
            (
                "await @me.scrape('http://town/books')",
                [{"title": "Dune", "price": 9.99, "url": "/b/1"}, {"title": "Emma & I", "price": 12.5, "url": "/b/2"}],
            ),
        ),
    ),
    Snippet(
        "an RSS reader",
        (
            (
                "stevekrouse.rss",
                r"""
export const rss = async (url: string) => {
  const xml = await (await fetch(url)).text();
  const tag = (s: string, name: string) => s.match(new RegExp(`<${name}>(?:<!\\[CDATA\\[)?([\\s\\S]*?)(?:\\]\\]>)?</${name}>`))?.[1];
  const items = xml.split("<item>").slice(1);
  return { title: tag(xml, "title"), items: items.map((i) => ({ title: tag(i, "title"), link: tag(i, "link"), date: new Date(tag(i, "pubDate")!) })) };
};""",
            ),
            ("alice.lastSeen", "new Date('2023-05-01T12:00:00Z')"),
        ),
        (
            (
                """
const feed = await @stevekrouse.rss("http://town/feed.xml");
const fresh = feed.items.filter((item) => item.date > @me.lastSeen);
@me.lastSeen = new Date(Math.max(...feed.items.map((i) => i.date.getTime())));
return [feed.title, fresh.map((i) => i.title), @me.lastSeen.toISOString()];""",
                ["Notes", ["Second & last"], "2023-05-02T08:30:00.000Z"],
            ),
        ),
    ),
    Snippet(
        "an OpenAI wrapper that takes the key as an argument",
        (
            (
                "patrickjm.gpt3",
                """
export let gpt3 = async (params: { openAiKey: string; prompt: string; maxTokens?: number }) => {
  const res = await fetch("http://town/v1/chat/completions", {
    method: "POST",
    headers: { Authorization: `Bearer ${params.openAiKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model: "gpt-3.5-turbo", messages: [{ role: "user", content: params.prompt }], max_tokens: params.maxTokens ?? 1000 }),
  });
  const data = await res.json();
  if (data.error) throw new Error(data.error.message);
  return data.choices[0].message.content;
};""",
            ),
        ),
        (
            ('await @patrickjm.gpt3({ prompt: "hello", openAiKey: @me.secrets.openai })', "You said: hello"),
            (
                'return @patrickjm.gpt3({ prompt: "hello", openAiKey: "wrong" }).catch((e) => e.message)',
                "Incorrect API key provided",
            ),
        ),
    ),
    Snippet(
        "a streaming answer read piece by piece",
        (
            (
                "patrickjm.stream",
                r"""
export async function* stream(key: string, prompt: string) {
  const res = await fetch("http://town/v1/chat/completions", {
    method: "POST",
    headers: { authorization: "Bearer " + key, "content-type": "application/json" },
    body: JSON.stringify({ stream: true, messages: [{ role: "user", content: prompt }] }),
  });
  const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const data = line.replace(/^data: /, "");
      if (data === "[DONE]") return;
      yield JSON.parse(data).choices[0].delta.content as string;
    }
  }
}""",
            ),
        ),
        (
            (
                "const words = []; for await (const word of @patrickjm.stream(@me.secrets.openai, 'one two')) words.push(word.trim()); return words",
                ["You", "said:", "one", "two"],
            ),
        ),
    ),
    Snippet(
        "a rate limiter",
        (
            ("alice.hits", "({})"),
            (
                "alice.limited",
                """
const limited = (who: string, most: number, windowMs: number, now = Date.now()) => {
  const recent = (@me.hits[who] ?? []).filter((t: number) => now - t < windowMs);
  if (recent.length >= most) return { ok: false, retryAfter: Math.ceil((recent[0] + windowMs - now) / 1000) };
  @me.hits[who] = [...recent, now];
  return { ok: true };
};""",
            ),
        ),
        (
            (
                "[0, 1000, 2000, 61_500].map((t) => @me.limited('1.2.3.4', 2, 60_000, 1e12 + t))",
                [{"ok": True}, {"ok": True}, {"ok": False, "retryAfter": 58}, {"ok": True}],
            ),
            ("@me.hits['1.2.3.4'].length", 1),
        ),
    ),
    Snippet(
        "a poll with votes in state",
        (
            ("alice.votes", "({ tabs: 0, spaces: 0 })"),
            (
                "alice.vote",
                """
function vote(choice: string) {
  if (!Object.hasOwn(@me.votes, choice)) throw new Error(`vote for one of ${Object.keys(@me.votes).join(", ")}`);
  @me.votes[choice]++;
  const total = Object.values(@me.votes as Record<string, number>).reduce((a, b) => a + b, 0);
  return Object.entries(@me.votes as Record<string, number>).map(([name, n]) => `${name}: ${"#".repeat(n)} ${((n / total) * 100).toFixed(0)}%`);
}""",
            ),
        ),
        (
            ("@me.vote('tabs'); @me.vote('spaces'); @me.vote('tabs')", ["tabs: ## 67%", "spaces: # 33%"]),
            (
                "try { @me.vote('__proto__') } catch (e) { return [e.message, @me.votes] }",
                ["vote for one of tabs, spaces", {"tabs": 2, "spaces": 1}],
            ),
        ),
    ),
    Snippet(
        "a markdown page",
        (
            (
                "stevekrouse.markdown",
                r"""
export default function markdown(text: string): string {
  const inline = (s: string) => s.replace(/`([^`]+)`/g, "<code>$1</code>").replace(/\*([^*]+)\*/g, "<em>$1</em>");
  return text.trim().split(/\n{2,}/).map((block) => {
    const head = /^(#{1,6}) (.*)$/.exec(block);
    if (head) return `<h${head[1].length}>${inline(head[2])}</h${head[1].length}>`;
    if (block.startsWith("- ")) return `<ul>${block.split("\n").map((l) => `<li>${inline(l.slice(2))}</li>`).join("")}</ul>`;
    return `<p>${inline(block)}</p>`;
  }).join("\n");
}""",
            ),
        ),
        (
            (
                """
const res = new Response(@stevekrouse.markdown(await (await fetch("http://town/notes.md")).text()), { headers: { "content-type": "text/html; charset=utf-8" } });
return [res.headers.get("Content-Type"), await res.text()];""",
                [
                    "text/html; charset=utf-8",
                    "<h1>Title</h1>\n<p>Some <em>text</em> and <code>code</code>.</p>\n<ul><li>one</li><li>two</li></ul>",
                ],
            ),
        ),
    ),
    Snippet(
        "an uptime checker",
        (
            ("alice.wasUp", "({})"),
            (
                "alice.check",
                """
async function check(url: string) {
  let ok: boolean, reason: string;
  try {
    const res = await fetch(url);
    ok = res.status === 200;
    reason = ok ? "" : `(status code: ${res.status})`;
  } catch (e) {
    ok = false;
    reason = `couldn't fetch: ${e.name}`;
  }
  if (!ok && @me.wasUp[new URL(url).pathname] !== false) console.email({ subject: "Website down", text: `${url} ${reason}` });
  @me.wasUp[new URL(url).pathname] = ok;
  return reason || "up";
}""",
            ),
        ),
        (
            (
                "await Promise.all(['/books', '/down'].map((p) => @me.check('http://town' + p)))",
                ["up", "(status code: 500)"],
            ),
            ("await @me.check('http://127.0.0.1:1/')", "couldn't fetch: TypeError"),
            ("@me.wasUp", {"/books": True, "/down": False, "/": False}),
        ),
    ),
    Snippet(
        "the weather, in words",
        (
            (
                "alice.weather",
                """
const weather = async (place: string) => {
  const query = new URLSearchParams({ q: place, hourly: "temperature_2m" });
  const { temperature, at } = await (await fetch("http://town/weather?" + query)).json();
  const time = new Date(at).toLocaleTimeString("en-US", { timeZone: "America/New_York", hour: "numeric", minute: "2-digit" });
  return `${place}: ${temperature.toLocaleString("en-US", { maximumFractionDigits: 1 })}° at ${time.replace("\\u202f", " ")}`;
};""",
            ),
        ),
        (("await @me.weather('São Paulo & co')", "São Paulo & co: 18.5° at 9:30 AM"),),
    ),
    Snippet(
        "a message to a chat's webhook",
        (
            (
                "stevekrouse.notify",
                """
export const notify = (hook: string, text: string, blocks: object[] = []) =>
  fetch(hook, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text, blocks }) }).then((r) => r.status);""",
            ),
        ),
        (("await @stevekrouse.notify('http://town/hook', 'Hi @channel 👋')", 201),),
    ),
    Snippet(
        "stars of many repositories at once",
        (),
        (
            (
                """
const repos = ["val/town", "denoland/deno", "nodejs/node"];
const stars = await Promise.all(repos.map((r) => fetch(`http://town/repos/${r}`).then((x) => x.json()).then((x) => x.stargazers_count)));
const table = Object.fromEntries(repos.map((r, i) => [r, stars[i]]));
console.table(table);
return table;""",
                {"val/town": 400, "denoland/deno": 400, "nodejs/node": 400},
            ),
        ),
    ),
    Snippet(
        "a link shortener that redirects",
        (
            ("alice.links", "new Map()"),
            (
                "alice.short",
                """
const short = (req: Request) => {
  const { pathname, searchParams } = new URL(req.url);
  if (req.method === "POST") {
    const code = (@me.links.size + 1).toString(36);
    @me.links.set(code, searchParams.get("to"));
    return Response.json({ code });
  }
  const to = @me.links.get(pathname.slice(1));
  return to ? Response.redirect(to, 302) : new Response("no such link", { status: 404 });
};""",
            ),
        ),
        (
            (
                """
await @me.short(new Request("https://s.example/?to=" + encodeURIComponent("https://example.org/a?b=c#d"), { method: "POST" }));
const hit = @me.short(new Request("https://s.example/1"));
const miss = @me.short(new Request("https://s.example/2"));
return [hit.status, hit.headers.get("location"), miss.status, await miss.text()];""",
                [302, "https://example.org/a?b=c#d", 404, "no such link"],
            ),
        ),
    ),
    Snippet(
        "an upload of a file made here",
        (),
        (
            (
                """
const rows = [["name", "n"], ["ä,b", 1], ['say "x"', 2]];
const csv = rows.map((r) => r.map((c) => (/[",]/.test(String(c)) ? `"${String(c).replaceAll('"', '""')}"` : c)).join(",")).join("\\n");
const form = new FormData();
form.append("title", "numbers");
form.append("file", new File([csv], "numbers.csv", { type: "text/csv" }));
const res = await fetch("http://town/upload", { method: "POST", body: form });
const copy = await new Response(form).formData();
return [res.status, new Blob([csv]).size, await (copy.get("file") as File).text() === csv];""",
                [201, 29, True],
            ),
        ),
    ),
    Snippet(
        "prices and plurals",
        (),
        (
            (
                """
const usd = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const plural = new Intl.PluralRules("en-US", { type: "ordinal" });
const suffix = { one: "st", two: "nd", few: "rd", other: "th" };
return [usd.format(1234.5), (0.256).toLocaleString("en-US", { style: "percent" }), [1, 2, 3, 11].map((n) => n + suffix[plural.select(n)]),
  new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-1, "day"), new Intl.ListFormat("en").format(["a", "b", "c"])];""",
                ["$1,234.50", "26%", ["1st", "2nd", "3rd", "11th"], "yesterday", "a, b, and c"],
            ),
        ),
    ),
    Snippet(
        "pages of a list, one after another",
        (
            (
                "stevekrouse.paginate",
                """
export async function* paginate<T>(url: string, max = 10): AsyncGenerator<T> {
  let next: number | null = 1;
  while (next && max--) {
    const page = await (await fetch(`${url}?page=${next}`)).json();
    yield* page.items;
    next = page.next;
  }
}""",
            ),
        ),
        (
            (
                "const all = []; for await (const item of @stevekrouse.paginate('http://town/list')) { all.push(item); if (all.length === 5) break; } return all",
                ["item 1.0", "item 1.1", "item 2.0", "item 2.1", "item 3.0"],
            ),
        ),
    ),
    Snippet(
        "trying again with patience",
        (
            (
                "stevekrouse.retry",
                """
export const retry = async <T,>(work: (attempt: number) => Promise<T>, { times = 5, wait = 1 } = {}): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= times) throw error;
      await new Promise((done) => setTimeout(done, wait * 2 ** attempt));
    }
  }
};""",
            ),
        ),
        (
            (
                """
let tries = 0;
const text = await @stevekrouse.retry(async (n) => { tries = n; const r = await fetch("http://town/flaky"); if (!r.ok) throw new Error("down"); return r.text(); });
return [tries, text];""",
                [3, "up at last"],
            ),
            (
                "return @stevekrouse.retry(async () => { throw new RangeError('never') }, { times: 2 }).catch((e) => [e instanceof RangeError, e.message])",
                [True, "never"],
            ),
        ),
    ),
    Snippet(
        "a request that is given up",
        (),
        (
            (
                """
const late = await fetch("http://town/slow", { signal: AbortSignal.timeout(20) }).catch((e) => e.name);
const control = new AbortController();
const stopped = fetch("http://town/slow", { signal: control.signal }).catch((e) => [e.name, e instanceof DOMException]);
control.abort();
return [late, await stopped];""",
                ["TimeoutError", ["AbortError", True]],
            ),
        ),
    ),
    Snippet(
        "a client that is a class",
        (
            (
                "stevekrouse.Client",
                """
export class Client {
  #base: string;
  calls = 0;
  constructor({ base }: { base: string }) { this.#base = base; }
  async get(path: string, params: Record<string, string> = {}) {
    this.calls++;
    const url = new URL(path, this.#base);
    for (const [k, v] of Object.entries(params)) url.searchParams.set(k, v);
    const res = await fetch(url);
    return { url: url.search, data: await res.json() };
  }
  get busy() { return this.calls > 1; }
}""",
            ),
        ),
        (
            (
                """
const api = new @stevekrouse.Client({ base: "http://town" });
const { url, data } = await api.get("/list", { page: "3" });
await api.get("/list");
return [url, data.next, api.calls, api.busy, api instanceof @stevekrouse.Client];""",
                ["?page=3", None, 2, True, True],
            ),
        ),
    ),
    Snippet(
        "a page of JSX",
        (
            ("alice.people", '[{ name: "Ada", langs: ["wasm"] }, { name: "<Bob>", langs: [] }]'),
            (
                "alice.page",
                """
/** @jsxImportSource https://esm.sh/preact */
const Card = ({ name, children }: { name: string; children?: any }) => <section class="card"><h2>{name}</h2>{children}</section>;
export const page = () => new Response(
  "<!doctype html>" + <html><body>{@me.people.map((p) => <Card name={p.name}>{p.langs.length ? <ul>{p.langs.map((l) => <li>{l}</li>)}</ul> : "nothing yet"}</Card>)}</body></html>,
  { headers: { "content-type": "text/html" } },
);""",
            ),
        ),
        (
            (
                "await (await @me.page()).text()",
                (
                    '<!doctype html><html><body><section class="card"><h2>Ada</h2><ul><li>wasm</li></ul></section>'
                    '<section class="card"><h2>&lt;Bob></h2>nothing yet</section></body></html>'
                ),
            ),
        ),
    ),
    Snippet(
        "a quote of the day",
        (
            ("alice.quotes", '["Simplicity is prerequisite.", "Make it work.", "Less, but better."]'),
            (
                "stevekrouse.pick",
                "export const pick = (list, seed = Math.random()) => list[Math.floor(seed * list.length)]",
            ),
            (
                "alice.quote",
                "() => ({ quote: @stevekrouse.pick(@me.quotes, 0.5), id: crypto.randomUUID().length, bytes: crypto.getRandomValues(new Uint8Array(4)).length })",
            ),
        ),
        (("@me.quote()", {"quote": "Make it work.", "id": 36, "bytes": 4}),),
    ),
)
