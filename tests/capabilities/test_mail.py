"""mail: what it takes, whom it reaches, and what never gets into a header."""

from __future__ import annotations

import pytest

from host_api.capabilities.mail import LONGEST_HEADER, Mail, Send
from kernel.errors import BadRequest
from kernel.wire import Value
from tests.semantics.live import World


def test_a_message_is_taken() -> None:
    assert Send.parse(("hi", "text", None, "b@example.com")) == Send("hi", "text", None, "b@example.com")


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("a\nBcc: x@example.com", "t", None, None),
        ("a\rb", "t", None, None),
        ("a\0b", "t", None, None),
        ("x" * (LONGEST_HEADER + 1), "t", None, None),
        ("s", "t", None, "b@example.com\nBcc: c@example.com"),
        ("s", "t", None, "b@example.com, c@example.com"),
        ("s", "t", None, "nobody"),
        ("s", 1, None, None),
    ],
)
def test_anything_else_is_refused(values: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        Send.parse(values)


def test_there_is_one_operation() -> None:
    assert list(Mail.parsers) == [1]


async def test_own_code_mails_its_owner(world: World) -> None:
    await world.eval("console.email({html: '<b>x</b>', text: 'x', subject: 's', replyTo: 'r@example.com'})")
    (mail,) = world.house.store.mail("A")
    assert (mail.subject, mail.text, mail.html, mail.reply_to, mail.from_val) == (
        "s",
        "x",
        "<b>x</b>",
        "r@example.com",
        None,
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("'plain'", "plain"),
        ("{a: 1}", '{\n  "a": 1\n}'),
        ("null", "null"),
        ("[1]", "[\n  1\n]"),
        ("7", "7"),
        ("undefined", "undefined"),
    ],
)
async def test_any_value_is_mailed_as_text(world: World, content: str, text: str) -> None:
    await world.eval(f"console.email({content}, 'a subject')")
    (mail,) = world.house.store.mail("A")
    assert (mail.text, mail.subject) == (text, "a subject")


async def test_an_error_is_mailed_with_its_message(world: World) -> None:
    await world.eval("console.email(new RangeError('too far'))")
    assert "RangeError: too far" in (world.house.store.mail("A")[0].text or "")


async def test_foreign_code_reaches_the_caller_and_says_which_val_it_was(world: World) -> None:
    await world.save("B", "export const notify = () => console.email('hello')")
    outcome = await world.outcome("@B.notify()")
    (mail,) = world.house.store.mail("A")
    assert world.house.store.mail("B") == []
    assert mail.from_val is not None
    assert mail.from_val.startswith("@b.notify")
    assert mail.evaluation == outcome.evaluation


async def test_foreign_code_that_goes_on_after_an_await_still_says_which_val_it_was(world: World) -> None:
    await world.save("B", "export const later = async (f) => { await f(); await null; console.email('hello') }")
    await world.eval("await @B.later(() => 1); console.email('home')")
    home, foreign = world.house.store.mail("A")
    assert (home.from_val, foreign.author) == (None, "@b")
    assert (foreign.from_val or "").startswith("@b.later")
    assert (foreign.subject or "").startswith("Message from @b.later")


async def test_own_code_that_awaited_anothers_promise_mails_under_its_own_name(world: World) -> None:
    await world.save("B", "export const later = async () => { await null; return 1 }")
    await world.save("A", "export const mine = async () => { await @B.later(); console.email('home') }")
    await world.eval("@me.mine()")
    (mail,) = world.house.store.mail("A")
    assert "@b" not in mail.subject


async def test_foreign_code_of_two_vals_that_goes_on_after_an_await_says_whose_it_is(world: World) -> None:
    await world.save("B", "export const one = async () => { await null; console.email('hello') }")
    await world.save("B", "export const two = () => 2")
    await world.eval("@B.two(); await @B.one()")
    (mail,) = world.house.store.mail("A")
    assert (mail.from_val, mail.author) == ("@b", "@b")


async def test_an_anonymous_evaluation_reaches_nobody_and_the_record_says_so(world: World) -> None:
    outcome = await world.outcome("console.email('hello'); 1", by=None)
    assert [call["verdict"] for call in await world.calls(outcome, "mail")] == ["no-op"]
    assert [world.house.store.mail(owner) for owner in ("A", "B", "C")] == [[], [], []]


async def test_a_header_with_a_line_break_is_a_type_error_in_the_val(world: World) -> None:
    error = await world.error(r"console.email('x', 'a\nBcc: evil@example.com')")
    assert (error.name, world.house.store.mail("A")) == ("TypeError", [])
