"""Express vals of different kinds, as people wrote them for Val Town in 2023, and what Express 4 answers for each.

Sources: the list of `req` and `res` in http-api.md, and the documentation of Express 4 for what each does.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from urllib.parse import quote

from tests.served.cases import Ask, Case, Told, like

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"

SENT_JSON: Final = {"Content-Type": "application/json"}
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}

HOOK: Final = b'{"action":"opened","number":1}'
SIGNED: Final = hmac.new(b"It's a Secret to Everybody", HOOK, hashlib.sha256).hexdigest()

MULTIPART: Final = (
    b'--limit\r\ncontent-disposition: form-data; name="name"\r\n\r\nAda\r\n'
    b'--limit\r\ncontent-disposition: form-data; name="tags"\r\n\r\na\r\n'
    b'--limit\r\ncontent-disposition: form-data; name="city"\r\n\r\nZ\xc3\xbcrich\r\n--limit--\r\n'
)

EXPRESS: Final = (
    Case(
        "redirect",
        "export const goHome = (req, res) => req.query.kept ? res.redirect(301, 'https://example.com/') : res.redirect('/there');",
        (
            (Ask(), Told(302, like(".*Redirecting to /there.*"), {"Location": "/there"})),
            (Ask("/?kept=1"), Told(301, None, {"Location": "https://example.com/"})),
        ),
    ),
    Case(
        "cookie",
        """export const visits = (req, res) => {
             const seen = Number(req.cookies.seen ?? 0) + 1;
             if (req.query.forget) return res.clearCookie('seen').send('forgotten');
             res.cookie('seen', String(seen), { maxAge: 60000, httpOnly: true, sameSite: 'lax' });
             res.cookie('who', { name: 'Ada' });
             res.send(`visit ${seen}`);
           };""",
        (
            (
                Ask(),
                Told(
                    200,
                    "visit 1",
                    {},
                    {
                        "Set-Cookie": like(
                            "seen=1; Max-Age=60; Path=/; Expires=.* GMT; HttpOnly; SameSite=Lax, who=j%3A%7B%22name%22%3A%22Ada%22%7D; Path=/"
                        )
                    },
                ),
            ),
            (Ask(headers={"Cookie": "a=b; seen=41"}), Told(200, "visit 42")),
            (
                Ask("/?forget=1"),
                Told(
                    200, "forgotten", {}, {"Set-Cookie": like("seen=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT")}
                ),
            ),
        ),
        hosts_only=True,
    ),
    Case(
        "HTML page",
        """export async function homePage(req: express.Request, res: express.Response) {
             const name = req.query.name ?? "world";
             return res.send(`<!DOCTYPE html><h1>Hello ${name}</h1>`);
           }""",
        (
            (
                Ask("/?name=Ada"),
                Told(200, "<!DOCTYPE html><h1>Hello Ada</h1>", {"Content-Type": HTML, "Content-Length": "33"}),
            ),
            (Ask("/", "HEAD"), Told(200, b"", {"Content-Type": HTML})),
        ),
    ),
    Case(
        "JSON API",
        """export const todos = (req, res) => {
             const all = [{ id: 1, done: false }];
             if (req.method === 'POST') return res.status(201).json({ ...req.body, id: 2 });
             if (req.method === 'DELETE') return res.status(204).end();
             res.json({ todos: all });
           };""",
        (
            (Ask(), Told(200, '{"todos":[{"id":1,"done":false}]}', {"Content-Type": JSON})),
            (
                Ask("/", "POST", SENT_JSON, b'{"title": "Zo\xc3\xab"}'),
                Told(201, '{"title":"Zoë","id":2}', {"Content-Type": JSON}),
            ),
            (Ask("/1", "DELETE"), Told(204, b"", {"Content-Type": None})),
            (Ask("/", "POST", SENT_JSON, b'{"title": '), Told(400)),
        ),
    ),
    Case(
        "binary image",
        """export const pixel = (req, res) => {
             const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
             res.type('gif').set('Cache-Control', 'max-age=60').send(gif);
           };""",
        ((Ask("/pixel.gif"), Told(200, like("GIF89a.*;"), {"Content-Type": "image/gif", "Content-Length": "42"})),),
    ),
    Case(
        "form post, urlencoded",
        "export const signUp = (req, res) => res.json({ body: req.body, query: req.query, is: req.is('urlencoded') });",
        (
            (
                Ask(
                    "/?ref=x",
                    "POST",
                    FORM,
                    b"name=Ada+L&email=ada%40example.com&likes%5B%5D=a&likes%5B%5D=b&address%5Bcity%5D=Z%C3%BCrich",
                ),
                Told(
                    200,
                    '{"body":{"name":"Ada L","email":"ada@example.com","likes":["a","b"],"address":{"city":"Zürich"}},"query":{"ref":"x"},"is":"urlencoded"}',
                ),
            ),
        ),
    ),
    Case(
        "form post, multipart",
        "export const upload = (req, res) => res.send([req.body.name, req.body.city, req.is('multipart/form-data')].join());",
        (
            (
                Ask("/", "POST", {"Content-Type": "multipart/form-data; boundary=limit"}, MULTIPART),
                Told(200, "Ada,Zürich,multipart/form-data"),
            ),
        ),
    ),
    Case(
        "streaming with res.write",
        """export async function countdown(req, res) {
             res.type('text/plain');
             for (const n of [3, 2, 1]) {
               res.write(`${n}...\\n`);
               await new Promise((done) => setTimeout(done, 1));
             }
             res.write(new Uint8Array([108, 105, 102, 116]));
             res.end('off');
           }""",
        ((Ask(), Told(200, "3...\n2...\n1...\nliftoff", {"Content-Type": TEXT, "Content-Length": None})),),
    ),
    Case(
        "custom 418",
        """export const teapot = (req, res) =>
             req.path === '/short' ? res.sendStatus(418) : res.status(418).set('X-Brew', 'tea').send('short and stout');""",
        (
            (Ask(), Told(418, "short and stout", {"X-Brew": "tea"})),
            (Ask("/short"), Told(418, "I'm a Teapot", {"Content-Type": TEXT})),
        ),
    ),
    Case(
        "CORS",
        """export const shared = (req, res) => {
             res.set({ 'Access-Control-Allow-Methods': 'GET,POST', 'X-Shared': '1' });
             if (req.method === 'OPTIONS') return res.sendStatus(204);
             res.json({ from: req.get('Origin') });
           };""",
        (
            (
                Ask("/", "POST", {"Origin": "https://app.example"}),
                Told(200, '{"from":"https://app.example"}', {"Access-Control-Allow-Origin": "*", "X-Shared": "1"}),
            ),
            (
                Ask("/", "OPTIONS", {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}),
                Told(204, b"", {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": like(".*POST.*")}),
            ),
        ),
    ),
    Case(
        "large body",
        """export const big = (req, res) =>
             req.method === 'POST' ? res.send(String(req.body.length)) : res.send('x'.repeat(1_000_000));""",
        (
            (Ask(), Told(200, b"x" * 1_000_000, {"Content-Length": "1000000"})),
            (Ask("/", "POST", {"Content-Type": "text/plain"}, b"y" * 1_900_000), Told(200, "1900000")),
            (Ask("/", "POST", {"Content-Type": "text/plain"}, b"y" * 2_000_001), Told(413)),
        ),
    ),
    Case(
        "routing by path and query",
        """export const router = (req, res) => {
             const [, section, id] = req.path.split('/');
             if (section === 'users' && id) return res.json({ user: decodeURIComponent(id), sort: req.query.sort });
             if (section === 'query') return res.json(req.query);
             res.status(404).send(`no ${req.method} ${req.path}`);
           };""",
        (
            (Ask("/users/42?sort=asc"), Told(200, '{"user":"42","sort":"asc"}')),
            (Ask("/users/" + quote("Zoë Q")), Told(200, '{"user":"Zoë Q"}')),
            (
                Ask("/query?a=1&a=2&b%5Bc%5D=3&d%5B%5D=4&e&f=%26"),
                Told(200, '{"a":["1","2"],"b":{"c":"3"},"d":["4"],"e":"","f":"&"}'),
            ),
            (Ask("/nowhere/", "PUT"), Told(404, "no PUT /nowhere/")),
            (Ask("/query?__proto__%5Bx%5D=1&constructor=2&toString=3"), Told(200, like(r"\{.*\}"))),
        ),
    ),
    Case(
        "webhook with a signature",
        """export async function hook(req, res) {
             const key = await crypto.subtle.importKey('raw', new TextEncoder().encode("It's a Secret to Everybody"),
               { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
             const body = new TextEncoder().encode(JSON.stringify(req.body));
             const mac = Buffer.from(await crypto.subtle.sign('HMAC', key, body)).toString('hex');
             if (req.get('X-Hub-Signature-256') !== `sha256=${mac}`) return res.status(401).json({ error: 'bad signature' });
             res.status(202).json({ got: req.body.action, event: req.headers['x-github-event'] });
           }""",
        (
            (
                Ask(
                    "/",
                    "POST",
                    SENT_JSON | {"X-Hub-Signature-256": f"sha256={SIGNED}", "X-GitHub-Event": "issues"},
                    HOOK,
                ),
                Told(202, '{"got":"opened","event":"issues"}'),
            ),
            (
                Ask("/", "POST", SENT_JSON | {"X-Hub-Signature-256": "sha256=0"}, HOOK),
                Told(401, '{"error":"bad signature"}'),
            ),
        ),
    ),
    Case(
        "content negotiation",
        """export const negotiated = (req, res) => {
             res.vary('Accept');
             switch (req.accepts('html', 'json')) {
               case 'html': return res.send('<b>hi</b>');
               case 'json': return res.json({ hi: true, language: req.acceptsLanguages('de', 'en'),
                 encoding: req.acceptsEncodings('gzip'), charset: req.acceptsCharsets('utf-8') });
               default: return res.sendStatus(406);
             }
           };""",
        (
            (
                Ask(headers={"Accept": "text/html,application/json;q=0.9"}),
                Told(200, "<b>hi</b>", {"Content-Type": HTML, "Vary": like(".*Accept.*")}),
            ),
            (
                Ask(
                    headers={"Accept": "application/json", "Accept-Language": "en;q=0.8, de", "Accept-Encoding": "gzip"}
                ),
                Told(200, '{"hi":true,"language":"de","encoding":"gzip","charset":"utf-8"}', {"Content-Type": JSON}),
            ),
            (Ask(headers={"Accept": "image/png"}), Told(406, "Not Acceptable")),
        ),
    ),
    Case(
        "what the request says",
        """export const inspect = (req, res) => res.json({
             method: req.method, type: req.get('content-type'), same: req.header('Content-Type'),
             referrer: req.get('referrer'), is: [req.is('json'), req.is('application/*'), req.is('html')],
             accepts: [req.accepts('json'), req.accepts(['png', 'html'])], xhr: req.xhr, secure: req.secure,
             protocol: req.protocol, params: req.params, missing: req.get('x-missing') === undefined,
           });""",
        (
            (
                Ask(
                    "/",
                    "POST",
                    SENT_JSON
                    | {
                        "Referer": "https://a.example/",
                        "X-Requested-With": "XMLHttpRequest",
                        "Accept": "text/html, application/json;q=0.5",
                    },
                    b"{}",
                ),
                Told(
                    200,
                    '{"method":"POST","type":"application/json","same":"application/json","referrer":"https://a.example/",'
                    '"is":["json","application/json",false],"accepts":["json","html"],"xhr":true,"secure":false,'
                    '"protocol":"http","params":{},"missing":true}',
                ),
            ),
        ),
    ),
    Case(
        "JSONP",
        "export const padded = (req, res) => res.jsonp({ user: 'tobi\\u2028' });",
        (
            (
                Ask("/?callback=foo"),
                Told(
                    200,
                    '/**/ typeof foo === \'function\' && foo({"user":"tobi\\u2028"});',
                    {"Content-Type": "text/javascript; charset=utf-8", "X-Content-Type-Options": "nosniff"},
                ),
            ),
            (Ask("/?callback=a.b%5B0%5D%3Balert(1)"), Told(200, like(r"/\*\*/ typeof a\.b\[0\]alert1 === .*"))),
            (Ask(), Told(200, like(r'\{"user":"tobi.*"\}'), {"Content-Type": JSON})),
        ),
    ),
    Case(
        "headers",
        """export const headed = (req, res) => {
             res.header('X-One', '1').append('X-Many', 'a').append('X-Many', ['b', 'c']).vary('Origin').vary('Accept');
             res.set('Content-Type', 'text/css').location('/elsewhere');
             res.append('Warning', `was ${res.get('x-one')}`);
             res.send('body{}');
           };""",
        (
            (
                Ask(),
                Told(
                    200,
                    "body{}",
                    {
                        "X-One": "1",
                        "X-Many": "a, b, c",
                        "Vary": like(".*Origin, Accept.*"),
                        "Content-Type": "text/css; charset=utf-8",
                        "Location": "/elsewhere",
                        "Warning": "was 1",
                    },
                ),
            ),
        ),
    ),
    Case(
        "204 when nothing ends it",
        "export const silent = async (req, res) => { await null; };",
        ((Ask(), Told(204, b"")), (Ask("/", "POST", SENT_JSON, b"{}"), Told(204, b""))),
    ),
    Case(
        "an end that comes after the handler",
        "export const later = (req, res) => { setTimeout(() => res.send('in the end'), 5); };",
        ((Ask(), Told(200, "in the end")),),
    ),
    Case(
        "throw before the head",
        "export const oops = async (req, res) => { res.status(200).set('x-partial', '1'); await null; throw new TypeError('no such thing'); };",
        (
            (
                Ask(),
                Told(502, like(".*no such thing.*"), {"Content-Type": like("application/json.*"), "X-Partial": None}),
            ),
        ),
    ),
    Case(
        "a second send",
        "export const twice = (req, res) => { res.send('first'); res.status(500).send('second'); return 'third'; };",
        ((Ask(), Told(200, "first")),),
    ),
    Case(
        "where it is served",
        """export const where = (req, res) => res.json({ host: req.hostname, subdomains: req.subdomains,
             path: req.path, original: req.originalUrl, base: req.baseUrl, ip: /^(127\\.|::1|::ffff:127\\.)/.test(req.ip) });""",
        (
            (
                Ask("/a%20b?c=d"),
                Told(
                    200,
                    '{"host":"alice-where.localhost","subdomains":[],"path":"/a%20b","original":"/a%20b?c=d","base":"","ip":true}',
                ),
            ),
        ),
        hosts_only=True,
    ),
    Case(
        "text body",
        "export const shout = (req, res) => res.type('txt').send(req.body.toUpperCase());",
        (
            (
                Ask("/", "POST", {"Content-Type": "text/plain"}, "größe".encode()),
                Told(200, "GRÖSSE", {"Content-Type": TEXT}),
            ),
        ),
    ),
    Case(
        "binary body",
        "export const measure = (req, res) => res.send(Buffer.from(req.body).toString('hex'));",
        (
            (
                Ask("/", "POST", {"Content-Type": "application/octet-stream"}, b"\x00\xff\x80"),
                Told(200, "00ff80", {"Content-Type": HTML}),
            ),
        ),
    ),
    Case(
        "freshness",
        "export const cached = (req, res) => res.set('ETag', '\"v1\"').send(req.fresh ? 'fresh' : 'stale');",
        (
            (Ask(), Told(200, "stale", {"ETag": '"v1"'})),
            (Ask(headers={"If-None-Match": '"v1"'}), Told(304, b"", {"ETag": '"v1"'})),
        ),
    ),
    Case(
        "what Express 4 still takes",
        """export const habits = (req, res) => ({
             '/missing': () => res.send(404),
             '/made': () => res.send(201, 'made'),
             '/json': () => res.json(202, { later: true }),
             '/null': () => res.send(null),
             '/raw': () => res.end('<b>raw</b>'),
             '/write': () => { res.write('<b>'); res.end('raw</b>'); },
             '/feed': () => res.type('xml').send('<rss/>'),
             '/latin': () => res.set('Content-Type', 'text/html; charset=latin1').send('\u00e9'),
             '/cookie': () => res.send(req.cookies.q),
           })[req.path]();""",
        (
            (Ask("/missing"), Told(404, "Not Found", {"Content-Type": TEXT})),
            (Ask("/made"), Told(201, "made", {"Content-Type": HTML})),
            (Ask("/json"), Told(202, '{"later":true}', {"Content-Type": JSON})),
            (Ask("/null"), Told(200, b"", {"Content-Type": None})),
            (Ask("/raw"), Told(200, "<b>raw</b>", {"Content-Type": None})),
            (Ask("/write"), Told(200, "<b>raw</b>", {"Content-Type": None})),
            (Ask("/feed"), Told(200, "<rss/>", {"Content-Type": "application/xml; charset=utf-8"})),
            (Ask("/latin"), Told(200, "é", {"Content-Type": HTML})),
            (Ask("/cookie", headers={"Cookie": 'q="quoted"'}), Told(200, "quoted")),
        ),
    ),
    Case(
        "state of its owner's",
        """export const counted = async (req, res) => {
             @me.hits = (@me.hits ?? 0) + 1;
             res.json({ hits: @me.hits, key: @me.secrets.apiKey.length });
           };""",
        ((Ask(), Told(200, '{"hits":1,"key":15}')), (Ask(), Told(200, '{"hits":2,"key":15}'))),
        hosts_only=True,
    ),
)
