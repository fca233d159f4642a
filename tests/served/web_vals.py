"""Web vals of different kinds: fetch handlers, as people wrote them, and what must come back."""

from __future__ import annotations

from typing import Final

from tests.served.cases import Ask, Case, Told, like
from tests.served.express_vals import FORM, MULTIPART, SENT_JSON

WEB: Final = (
    Case(
        "Response.json",
        """export async function answered(req: Request): Promise<Response> {
             return Response.json({ ok: true, method: req.method, path: new URL(req.url).pathname });
           }""",
        (
            (Ask(), Told(200, '{"ok":true,"method":"GET","path":"/"}', {"Content-Type": "application/json"})),
            (Ask("/a/b?c", "DELETE"), Told(200, '{"ok":true,"method":"DELETE","path":"/a/b"}')),
        ),
        hosts_only=True,
    ),
    Case(
        "streamed response",
        """export const streamed = () => new Response(new ReadableStream({
             async start(controller) {
               for (const word of ['one ', 'two ', 'three']) {
                 controller.enqueue(new TextEncoder().encode(word));
                 await new Promise((done) => setTimeout(done, 1));
               }
               controller.close();
             },
           }), { headers: { 'content-type': 'text/plain' } });""",
        ((Ask(), Told(200, "one two three", {"Content-Type": "text/plain", "Content-Length": None})),),
    ),
    Case(
        "streamed request, echoed",
        "export const echoed = (req) => new Response(req.body, { headers: { 'x-length': req.headers.get('content-length') ?? 'none' } });",
        (
            (Ask("/", "POST", {}, b"\x00\xff" * 500_000), Told(200, b"\x00\xff" * 500_000, {"Content-Type": None})),
            (Ask(), Told(200, b"", {"X-Length": "none"})),
        ),
    ),
    Case(
        "redirect",
        "export const moved = (req) => Response.redirect('https://example.com/there', 308);",
        ((Ask(), Told(308, b"", {"Location": "https://example.com/there"})),),
    ),
    Case(
        "FormData",
        """export const formed = async (req) => {
             const form = await req.formData();
             return new Response([...form].map(([key, value]) => `${key}=${value}`).join('&'));
           };""",
        (
            (
                Ask("/", "POST", FORM, b"a=1&b=two+words"),
                Told(200, "a=1&b=two words", {"Content-Type": "text/plain;charset=UTF-8"}),
            ),
            (
                Ask("/", "POST", {"Content-Type": "multipart/form-data; boundary=limit"}, MULTIPART),
                Told(200, "name=Ada&tags=a&city=Zürich"),
            ),
        ),
    ),
    Case(
        "headers",
        """export const headers = (req) => {
             const out = new Headers({ 'x-agent': req.headers.get('user-agent') ?? '', 'content-type': 'text/plain' });
             out.append('x-many', 'a'); out.append('x-many', 'b');
             out.append('set-cookie', 'a=1; Domain=localhost'); out.append('set-cookie', 'b=2; Path=/');
             return new Response(req.headers.get('x-in'), { headers: out });
           };""",
        (
            (
                Ask(headers={"X-In": "given", "User-Agent": "me/1"}),
                Told(200, "given", {"X-Agent": "me/1", "X-Many": "a, b"}, {"Set-Cookie": like("a=1, b=2; Path=/")}),
            ),
        ),
    ),
    Case(
        "HTML by JSX",
        "export const page = () => new Response(<html><body><h1>Hi &amp; bye</h1></body></html>, { headers: { 'content-type': 'text/html' } });",
        ((Ask(), Told(200, "<html><body><h1>Hi &amp; bye</h1></body></html>", {"Content-Type": "text/html"})),),
    ),
    Case(
        "statuses without a body",
        "export const bodyless = (req) => new Response(null, { status: Number(new URL(req.url).searchParams.get('s')) });",
        (
            (Ask("/?s=204"), Told(204, b"", {"Content-Type": None})),
            (Ask("/?s=205"), Told(205, b"")),
            (Ask("/?s=304"), Told(304, b"")),
            (Ask("/?s=299"), Told(299, b"")),
            (Ask("/?s=101"), Told(502)),
            (Ask("/?s=99"), Told(502)),
        ),
    ),
    Case(
        "server-sent events",
        """export const events = () => {
             const { readable, writable } = new TransformStream();
             (async () => {
               const out = writable.getWriter();
               for (let n = 0; n < 3; n++) await out.write(new TextEncoder().encode(`id: ${n}\\ndata: tick\\n\\n`));
               await out.close();
             })();
             return new Response(readable, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } });
           };""",
        (
            (
                Ask(),
                Told(200, "".join(f"id: {n}\ndata: tick\n\n" for n in range(3)), {"Content-Type": "text/event-stream"}),
            ),
        ),
    ),
    Case(
        "the response of a fetch",
        """export const proxied = async (req) => {
             const answer = await fetch('data:text/plain;charset=utf-8,from%20elsewhere');
             return new Response(answer.body, answer);
           };""",
        ((Ask(), Told(200, "from elsewhere", {"Content-Type": like("text/plain.*")})),),
    ),
    Case(
        "large download",
        """export const download = () => {
             let left = 64;
             return new Response(new ReadableStream({
               pull(controller) {
                 if (left-- === 0) return controller.close();
                 controller.enqueue(new Uint8Array(65536).fill(left));
               },
             }), { headers: { 'content-disposition': 'attachment; filename="zeros.bin"' } });
           };""",
        (
            (
                Ask(),
                Told(
                    200,
                    b"".join(bytes([left]) * 65536 for left in range(63, -1, -1)),
                    {"Content-Disposition": 'attachment; filename="zeros.bin"'},
                ),
            ),
        ),
    ),
    Case(
        "JSON in, status out",
        """export const validated = async (req: Request) => {
             try {
               const { age } = await req.json();
               return age >= 18 ? new Response('ok', { status: 201, statusText: 'Of Age' }) : new Response('no', { status: 422 });
             } catch (error) {
               return new Response(error.name, { status: 400 });
             }
           };""",
        (
            (Ask("/", "POST", SENT_JSON, b'{"age": 18}'), Told(201, "ok")),
            (Ask("/", "POST", SENT_JSON, b'{"age": 1}'), Told(422, "no")),
            (Ask("/", "POST", SENT_JSON, b"{"), Told(400, "SyntaxError")),
        ),
    ),
    Case(
        "throw before the head",
        "export const thrown = (req) => { throw new RangeError('not today'); };",
        ((Ask(), Told(502, like(".*not today.*"), {"Content-Type": like("application/json.*")})),),
    ),
    Case(
        "what is no Response",
        "export const text = (req) => 'just text';",
        ((Ask(), Told(502)),),
    ),
    Case(
        "bytes and Blob",
        """export const blobs = (req) => req.method === 'HEAD'
             ? new Response(null, { headers: { 'x-head': '1' } })
             : new Response(new Blob([new Uint8Array([0, 255]), 'é'], { type: 'application/x-own' }));""",
        (
            (Ask(), Told(200, b"\x00\xff\xc3\xa9", {"Content-Type": "application/x-own", "Content-Length": "4"})),
            (Ask("/", "HEAD"), Told(200, b"", {"X-Head": "1"})),
        ),
    ),
)
