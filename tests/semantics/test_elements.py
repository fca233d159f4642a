"""Elements that JSX makes with what is built in: HTML wherever a text is wanted, and elements again in another owner's guest."""

from __future__ import annotations

import pytest

from host_api.store import Kind
from tests.semantics.live import PUBLIC, World

ROWS: list[tuple[str, str, object]] = [
    ("the value of an evaluation", '<p class="a">b &amp; {"<i>"}</p>', '<p class="a">b &amp; &lt;i></p>'),
    ("text", "const e = <p>x</p>; return [String(e), `${e}`, e + '', e.toString()]", ["<p>x</p>"] * 4),
    ("JSON", "const e = <p>x</p>; return {e, list: [e], text: JSON.stringify(e)}",
     {"e": "<p>x</p>", "list": ["<p>x</p>"], "text": '"<p>x</p>"'}),
    ("what promises come to", "[Promise.resolve(<p/>), (async () => <b/>)()]", ["<p></p>", "<b></b>"]),
    ("components", "const Card = ({title, children}) => <section><h1>{title}</h1>{children}</section>; return <Card title='t'><p>x</p>{1}</Card>",
     "<section><h1>t</h1><p>x</p>1</section>"),
    ("a class", "class C { constructor(props) { this.props = props } render() { return <b>{this.props.n}</b> } } const e = <C n={1}/>; return [String(e), String(e)]",
     ["<b>1</b>", "<b>1</b>"]),
    ("what is nothing", "<p>{null}{undefined}{true}{false}{0}{''}</p>", "<p>0</p>"),
    ("lists, and a parameter h", "const hs = ['a', 'b']; return <ul>{hs.map((h) => <li key={h}>{h}</li>)}</ul>", "<ul><li>a</li><li>b</li></ul>"),
    ("attributes", "<label htmlFor='f' className='k' hidden disabled={false} data-x={1} onClick={() => 1} style={{color: 'red'}}/>",
     '<label for="f" class="k" hidden data-x="1" style="color:red;"></label>'),
    ("HTML as it is", "<div dangerouslySetInnerHTML={{__html: '<b>'}}/>", "<div><b></div>"),
    ("void elements", "<p><br/><img src='a?b&amp;c'/></p>", '<p><br/><img src="a?b&amp;c"/></p>'),
    ("a whole page", "'<!doctype html>' + <html><head><meta charSet='utf-8'/><title>t</title></head><body/></html>",
     '<!doctype html><html><head><meta charset="utf-8"/><title>t</title></head><body></body></html>'),
]  # fmt: skip


@pytest.mark.parametrize(("code", "value"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
async def test_an_element_is_its_html(world: World, code: str, value: object) -> None:
    assert await world.eval(code) == value


async def test_an_element_crosses_as_an_element(world: World) -> None:
    await world.save("B", "export const page = (x) => <main><h1>{x}</h1>{[1, <i>2</i>]}<><b/></></main>")
    await world.save("B", "export const look = (e) => [`${e}`, e.type, e.props.id, e.key]")
    await world.save("B", "export const wrap = (e) => <div>{e}</div>")
    await world.save("B", "export const same = (e) => e")
    assert await world.eval("@B.page('q')") == "<main><h1>q</h1>1<i>2</i><b></b></main>"
    assert await world.eval("@B.look(<p id={4} key='k'>x</p>)") == ['<p id="4">x</p>', "p", 4, "k"]
    assert await world.eval("@B.wrap(@B.wrap(<p>{<i/>}</p>))") == "<div><div><p><i></i></p></div></div>"
    assert await world.eval("const e = @B.page(1); e.props.children = 'mine'; return e") == "<main>mine</main>"
    code = "const b = <b/>, e = <p>{b}{b}</p>, f = @B.same(e); return [f === e, f.constructor === e.constructor, f.props.children[0] === f.props.children[1]]"
    assert await world.eval(code) == [False, True, True]


async def test_a_component_of_another_owner_runs_in_its_authors_guest(world: World) -> None:
    await world.save(
        "B",
        "export const Card = ({ title, children, on }) => <b title={title}>{children}{on?.(1)}{typeof @me.secrets.foo}</b>",
    )
    code = "const Card = @B.Card; return <Card title='t' on={(n) => <u>{n}</u>}><p>x</p></Card>"
    assert await world.eval(code) == '<b title="t"><p>x</p><u>1</u>undefined</b>'


async def test_an_element_is_stored_as_an_element(world: World) -> None:
    saved = await world.save("A", "<p>stored <b>x</b></p>", PUBLIC, "page")
    assert (saved.kind, world.stored("A", "page")) == (Kind.DATA, "<p>stored <b>x</b></p>")
    assert await world.eval("[`${@me.page}`, (@me.page).props.children[1].type]") == ["<p>stored <b>x</b></p>", "b"]
    assert await world.eval("@A.page", by="B") == "<p>stored <b>x</b></p>"
    await world.eval("@me.n = <i/>")
    assert world.stored("A", "n") == "<i></i>"


async def test_what_only_looks_like_an_element_is_none(world: World) -> None:
    await world.save("B", "export const look = (e) => `${typeof e} ${e.type}`")
    await world.save(
        "B", "export const give = () => ({ type: 'script', props: {}, key: null, constructor: undefined })"
    )
    assert (
        await world.eval(
            "const fake = Object.create(Object.getPrototypeOf(<p/>)); fake.type = {}; return @B.look(fake)"
        )
        == "object [object Object]"
    )
    assert await world.eval("`${<p>{@B.give()}</p>}`") == "<p></p>"


@pytest.mark.parametrize(
    ("code", "message", "column"),
    [
        (
            "const Card = @B.none; return <Card/>",
            "JSX wants the name of an element or a component, and this is undefined",
            30,
        ),
        (
            "const Card = <p/>; return <Card/>",
            "JSX wants the name of an element or a component, and this is an element",
            27,
        ),
        ("return <Card/>", "Card is not defined", 8),
    ],
)
async def test_what_is_no_component_is_told(world: World, code: str, message: str, column: int) -> None:
    error = await world.error(code)
    assert (error.message, error.line, error.column) == (message, 1, column)


async def test_an_element_is_mailed_as_html(world: World) -> None:
    await world.eval("{ console.email(<p>one</p>, 'first'); console.email({ html: <p>two</p>, subject: 'second' }) }")
    sent = [(mail.subject, mail.html) for mail in world.house.store.mail("A")]
    assert sorted(sent) == [("first", "<p>one</p>"), ("second", "<p>two</p>")]


async def test_an_element_is_the_body_of_a_response(world: World) -> None:
    assert await world.eval("new Response(<p>x</p>).text()") == "<p>x</p>"
