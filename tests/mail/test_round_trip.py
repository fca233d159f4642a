"""From a val through the outbox to a mail server, and from a mail server to a val, in live guests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host_api.letterbox.listening import listening
from host_api.store import Stage
from tests.mail.office import SENDER, Office, delivery, sender
from tests.mail.test_mail_in import DOMAIN, Town
from tests.semantics.live import Machine, World, open_world

LONG = "a long subject, ünïcödé " * 20


@pytest.fixture
async def world(engine_room: Machine, tmp_path: Path, office: Office) -> AsyncIterator[World]:
    """A house whose operator has set a mail server."""
    async with open_world(engine_room, tmp_path, smtp_url=office.post().server, mail_from=SENDER) as opened:
        yield opened


async def send(world: World, office: Office) -> None:
    assert await sender(world.house.store, office.post()).round()


async def test_a_val_writes_and_the_account_gets_it_with_its_headers_intact(world: World, office: Office) -> None:
    outcome = await world.outcome(
        f"console.email({{subject: {LONG!r}, text: 'über\\n.\\nend', html: '<b>ü</b>', replyTo: 'r@example.org'}})"
    )
    await send(world, office)
    (message,) = office.messages
    assert (message["Subject"], message["To"], message["From"], message["Reply-To"]) == (
        LONG,
        "a@example.com",
        SENDER,
        "r@example.org",
    )
    assert message["X-Valgate-Evaluation"] == outcome.evaluation
    assert [part.get_content().splitlines() for part in message.iter_parts()] == [["über", ".", "end"], ["<b>ü</b>"]]
    assert delivery(world.house.store, "A").stage is Stage.SENT


async def test_foreign_code_is_named_in_what_the_caller_gets(world: World, office: Office) -> None:
    await world.save("B", "export const notify = () => console.email({html: '<i>pay</i>', text: 'pay'})")
    outcome = await world.outcome("@B.notify()")
    await send(world, office)
    (message,) = office.messages
    told = f"Sent by @b.notify@0 in evaluation {outcome.evaluation}."
    assert message["To"] == "a@example.com"
    assert message["X-Valgate-Val"] == "@b.notify@0"
    assert all(told in part.get_content() for part in message.iter_parts())


@pytest.mark.parametrize(
    "code",
    [
        r"console.email('x', 'a\nBcc: evil@example.com')",
        r"console.email({text: 'x', subject: 'a\rb'})",
        r"console.email({text: 'x', replyTo: 'a@b.c\nBcc: evil@example.com'})",
        r"console.email({text: 'x', replyTo: 'a@b.c, evil@example.com'})",
    ],
)
async def test_a_val_that_would_write_a_header_of_its_own_sends_nothing(
    world: World, office: Office, code: str
) -> None:
    assert (await world.error(code)).name == "TypeError"
    assert not await sender(world.house.store, office.post()).round()


async def test_the_mail_of_a_val_runs_no_other_val(
    engine_room: Machine, tmp_path: Path, office: Office, world: World
) -> None:
    """The attacker's account has the address of a val, which mails its account, which has the address of that val."""
    await world.outcome("console.email('ping', 'ping')")
    await send(world, office)
    (envelope,) = office.got
    folder = tmp_path / "other"
    folder.mkdir()
    async with (
        open_world(engine_room, folder, mail_domain=DOMAIN) as other,
        listening(other.house, "127.0.0.1", 0) as port,
    ):
        town = Town(other, port)
        await town.put()
        assert await town.send(envelope.original_content or b"") == 554
        assert town.records() == []


async def test_a_val_that_gets_mail_may_write_to_its_author(
    engine_room: Machine, tmp_path: Path, office: Office
) -> None:
    async with (
        open_world(engine_room, tmp_path, mail_domain=DOMAIN, smtp_url=office.post().server) as world,
        listening(world.house, "127.0.0.1", 0) as port,
    ):
        town = Town(world, port)
        await town.put("export const inbox = (email) => console.email(email.text, 'Fwd: ' + email.subject)")
        assert (
            await town.send(f"Subject: =?utf-8?q?a=0D=0ABcc=3A_x?=\r\nTo: a.inbox@{DOMAIN}\r\n\r\nhi".encode()) == 250
        )
        await send(world, office)
        (message,) = office.messages
        assert (message["Subject"], message["Bcc"], message["To"]) == ("Fwd: a Bcc: x", None, "a@example.com")
        assert message.get_content().strip() == "hi"
