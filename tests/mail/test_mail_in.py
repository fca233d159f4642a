"""From a mail server to a val: who is reached, what is answered when, and what nobody gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aiosmtplib import SMTPResponseException

from host_api.letterbox import listening as box
from host_api.letterbox import talk
from host_api.letterbox.listening import listening
from host_api.store import EvaluationRow, Privacy, State
from tests.semantics.live import PRIVATE, ROOMY, Machine, World, open_world

DOMAIN = "vals.example"
KEEPS = "export const inbox = (email) => { @me.got = email; return email.subject }"


@dataclass(frozen=True)
class Town:
    """A house that takes mail on a port of the loopback interface."""

    world: World
    port: int

    async def put(self, code: str = KEEPS, privacy: Privacy = Privacy.PUBLIC) -> None:
        await self.world.save("A", code, privacy)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[aiosmtplib.SMTP]:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, local_hostname="client.example") as made:
            yield made

    async def send(self, raw: bytes | EmailMessage, *to: str, sender: str = "bob@example.com") -> int:
        """Send a message to these, `a.inbox` unless said; return the number of the answer."""
        data = raw.as_bytes() if isinstance(raw, EmailMessage) else raw
        async with self.client() as client:
            try:
                await client.mail(sender)
                for one in to or (f"a.inbox@{DOMAIN}",):
                    await client.rcpt(one)
                return (await client.data(data)).code
            except SMTPResponseException as error:
                return error.code

    async def val_runs(self) -> None:
        """Wait until a message is under way."""
        while True:
            if self.records():
                break
            await asyncio.sleep(0)

    def got(self) -> Any:  # noqa: ANN401 - any JSON
        return self.world.stored("A", "got")

    def records(self) -> list[EvaluationRow]:
        return [row for row in self.world.house.store.evaluations("A", whole=True) if row.source == "email"]


@asynccontextmanager
async def open_town(made: Machine, folder: Path, **settings: Any) -> AsyncIterator[Town]:  # noqa: ANN401 - as settings
    async with (
        open_world(made, folder, settings.pop("limits", ROOMY), mail_domain=DOMAIN, **settings) as world,
        listening(world.house, "127.0.0.1", 0) as port,
    ):
        yield Town(world, port)


@pytest.fixture
async def town(engine_room: Machine, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(engine_room, tmp_path) as opened:
        yield opened


def letter(subject: str = "hello", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Bob <bob@example.com>", f"a.inbox@{DOMAIN}", subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("the text\n")
    return message


async def test_a_message_runs_the_val_it_is_for_as_its_authors_evaluation(town: Town) -> None:
    await town.put()
    message = letter("Grüße an alle " * 30)
    message.add_alternative("<b>ü</b>\n", subtype="html")
    assert await town.send(message) == 250
    assert town.got() == {
        "from": "bob@example.com",
        "to": [f"a.inbox@{DOMAIN}"],
        "subject": ("Grüße an alle " * 30).strip(),
        "text": "the text\n",
        "html": "<b>ü</b>\n",
    }
    (row,) = town.records()
    assert (row.caller, row.requester, row.source, row.state) == ("a", None, "email", State.DONE)


async def test_it_is_accepted_when_the_record_is_there_and_not_before(town: Town) -> None:
    await town.put("export const inbox = async () => { await new Promise((go) => setTimeout(go, 50)); return 1 }")
    async with town.client() as client:
        await client.sendmail("bob@example.com", f"a.inbox@{DOMAIN}", letter().as_bytes())
        (row,) = town.records()
        assert (row.state, row.value) == (State.DONE, b"1")


@pytest.mark.parametrize(
    "local", ["a.inbox", "A.INBOX", "a.Inbox+tag", "a.inbox+tag.more+than-one", '"a.inbox"', "a.inbox+"]
)
async def test_a_name_is_taken_in_any_case_and_with_any_tag(town: Town, local: str) -> None:
    await town.put()
    assert await town.send(letter(), f"{local}@{DOMAIN.upper()}") == 250


@pytest.mark.parametrize(
    ("to", "answer"),
    [
        ("a.secretInbox", "550 5.1.1 There is no such val"),
        ("a.missing", "550 5.1.1 There is no such val"),
        ("nobody.inbox", "550 5.1.1 There is no such val"),
        ("a.a.inbox", "550 5.1.1 There is no such val"),
        ("inbox", "550 5.1.1 There is no such val"),
        ("a", "550 5.1.1 There is no such val"),
        ("a.secrets.foo", "550 5.1.1 There is no such val"),
    ],
)
async def test_unknown_private_and_refused_are_one_answer(town: Town, to: str, answer: str) -> None:
    await town.put("export const secretInbox = () => 1", Privacy.PRIVATE)
    async with town.client() as client:
        await client.mail("bob@example.com")
        with pytest.raises(SMTPResponseException) as refused:
            await client.rcpt(f"{to}@{DOMAIN}")
    assert f"{refused.value.code} {refused.value.message}" == answer
    assert town.records() == []


async def test_an_unlisted_val_gets_mail(town: Town) -> None:
    await town.put(privacy=Privacy.UNLISTED)
    assert await town.send(letter()) == 250


@pytest.mark.parametrize(
    "to",
    ["victim@example.com", f"a.inbox%example.com@{DOMAIN}.evil", f"a.inbox@sub.{DOMAIN}", "a.inbox@localhost", "@relay:a@b"],
)  # fmt: skip
async def test_nothing_is_passed_on(town: Town, to: str) -> None:
    await town.put()
    reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
    writer.write(f"EHLO x\r\nMAIL FROM:<bob@example.com>\r\nRCPT TO:<{to}>\r\nDATA\r\nQUIT\r\n".encode())
    said = (await reader.read()).decode().splitlines()
    writer.close()
    assert said[-3][:3] in {"550", "553"}
    assert said[-2].startswith("503")


async def test_a_val_that_fails_has_got_its_mail_and_the_record_says_how(town: Town) -> None:
    await town.put("export const inbox = () => { throw new RangeError('too far') }")
    assert await town.send(letter()) == 250
    (row,) = town.records()
    assert row.state is State.FAILED
    assert b"too far" in (row.error or b"")


async def test_a_val_that_takes_for_ever_is_ended_by_its_limit_and_has_got_its_mail(
    engine_room: Machine, tmp_path: Path
) -> None:
    async with open_town(engine_room, tmp_path, limits=replace(ROOMY, wall=0.5)) as town:
        await town.put("export const inbox = () => new Promise((go) => setTimeout(go, 1e6))")
        assert await town.send(letter()) == 250
        assert town.records()[0].state is State.FAILED


async def test_a_val_that_is_data_has_got_its_mail(town: Town) -> None:
    await town.put("export const inbox = 7")
    assert await town.send(letter()) == 250
    assert town.records()[0].value == b"7"


async def test_what_cannot_be_recorded_is_not_accepted_and_the_sender_tries_again(town: Town) -> None:
    await town.put("export const inbox = () => 'x'.repeat(90_000)")
    writer = town.world.house.store._writer
    # The page limit of a connection ends as a full disk does.
    await writer.submit(lambda db: db.execute("PRAGMA max_page_count = 1").fetchone())
    assert await town.send(letter()) == 451
    assert town.records() == []
    await writer.submit(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert await town.send(letter()) == 250
    assert len(town.records()) == 1


async def test_a_val_that_was_made_private_meanwhile_is_gone(town: Town) -> None:
    await town.put()
    val = town.world.house.store.val("A", "inbox")
    assert val is not None
    async with town.client() as client:
        await client.mail("bob@example.com")
        await client.rcpt(f"a.inbox@{DOMAIN}")
        await town.world.house.store.update_val(val.id, privacy=Privacy.PRIVATE)
        with pytest.raises(SMTPResponseException, match="no such val"):
            await client.data(letter().as_bytes())


async def test_several_vals_get_one_message_and_each_once(town: Town) -> None:
    await town.put("export const one = (email) => email.bcc")
    await town.put("export const two = (email) => email.bcc")
    to = [f"{name}@{DOMAIN}" for name in ("a.one", "a.two", "A.One+again")]
    assert await town.send(letter(), *to) == 250
    assert sorted(json.loads(row.value or b"")[0] for row in town.records()) == sorted(to[:2])


async def test_recipients_are_limited(town: Town) -> None:
    await town.put()
    async with town.client() as client:
        await client.mail("bob@example.com")
        for number in range(10):
            await client.rcpt(f"a.inbox+{number}@{DOMAIN}")
        with pytest.raises(SMTPResponseException, match=r"4\.5\.3"):
            await client.rcpt(f"a.inbox+more@{DOMAIN}")
        assert (await client.data(letter().as_bytes())).code == 250


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"X_Valgate_Evaluation": "e-1"}, {"x_valgate_evaluation": ""}],
    ids=range(3),
)
async def test_two_vals_cannot_mail_one_another_for_ever(town: Town, headers: dict[str, str]) -> None:
    await town.put()
    assert await town.send(letter(**headers)) == 554
    assert town.records() == []


async def test_a_bounce_runs_nothing(town: Town) -> None:
    await town.put()
    reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
    writer.write(f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a.inbox@{DOMAIN}>\r\nDATA\r\n\r\nx\r\n.\r\n".encode())
    said = [await reader.readline() for _ in range(10)]
    writer.close()
    assert said[-1].startswith(b"554 5.7.1")
    assert town.records() == []


async def test_a_message_at_the_limit_is_taken_and_one_past_it_is_not(engine_room: Machine, tmp_path: Path) -> None:
    async with open_town(engine_room, tmp_path, body=2000) as town:
        await town.put()
        raw = b"Subject: x\r\n\r\n"
        assert await town.send(raw + b"x" * (1998 - len(raw)) + b"\r\n") == 250
        assert await town.send(raw + b"x" * (1999 - len(raw)) + b"\r\n") == 552
        async with town.client() as client:
            await client.ehlo()
            assert client.esmtp_extensions["size"] == "2000"
            with pytest.raises(SMTPResponseException, match="size"):
                await client.mail("bob@example.com", options=["SIZE=2001"])
        assert len(town.records()) == 1


async def test_eight_bits_and_utf8_addresses_are_taken(town: Town) -> None:
    await town.put()
    async with town.client() as client:
        await client.ehlo()
        assert {"8bitmime", "smtputf8"} <= client.esmtp_extensions.keys()
        raw = "From: bób@example.com\r\nSubject: ☃\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nä".encode()
        await client.mail("bób@example.com", options=["SMTPUTF8", "BODY=8BITMIME"], encoding="utf-8")
        await client.rcpt(f"a.inbox@{DOMAIN}")
        assert (await client.data(raw)).code == 250
    got = town.got()
    assert (got["from"], got["subject"], got["text"]) == ("bób@example.com", "☃", "ä\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
        b"Content-Type: text/plain; charset=\xff\r\n\r\n\xff",
        b"Subject: =?utf-8?b?=?=\r\n\r\n",
        b"From: \0\r\n\r\n\0",
        b"x" * 60_000,
        b"Content-Transfer-Encoding: base64\r\n\r\n====",
    ],
    ids=range(8),
)
async def test_a_broken_message_is_taken_as_far_as_it_goes(town: Town, raw: bytes) -> None:
    await town.put()
    assert await town.send(raw) == 250
    assert len(town.records()) == 1


async def test_a_message_that_nests_too_deep_is_refused(town: Town) -> None:
    await town.put()
    assert await town.send(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 101) == 554


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xff", b"MAIL", b"MAIL FROM:<\xff@x>", b"MAIL FROM:<a@b> SIZE=x", b"RCPT TO:<(((((>", b"VRFY a.secretInbox", b"VRFY \xff",
        b"EXPN all", b"AUTH PLAIN AHgAeA==", b"STARTTLS", b"HELP \xff", b"x" * 70_000, b"DATA", b"BDAT 5", b"RSET x", b"MAIL FROM:<a@[1.2.3.4]:>",
    ],
    ids=range(16),
)  # fmt: skip
async def test_no_command_breaks_a_connection_or_tells_anything(town: Town, line: bytes) -> None:
    await town.put("export const secretInbox = () => 1", Privacy.PRIVATE)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
    writer.write(b"HELO x\r\n" + line + b"\r\nNOOP\r\nQUIT\r\n")
    said = await reader.read()
    writer.close()
    assert said.endswith(b"221 Bye\r\n")
    assert not any(word in said for word in (b"Traceback", b"Error(", b".py", b"codec"))


async def test_one_connection_too_many_is_told_to_come_later(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "CONNECTIONS", 2)
    async with town.client(), town.client():
        with pytest.raises(aiosmtplib.SMTPConnectResponseError, match="421"):
            async with town.client():
                raise AssertionError
    async with town.client() as client:
        assert (await client.noop()).code == 250


async def test_one_message_too_many_at_once_is_told_to_come_later(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "MESSAGES", 1)
    await town.put(
        "export const inbox = async () => { while (!@me.mayEnd) await new Promise((go) => setTimeout(go, 10)); return 1 }"
    )
    slow = asyncio.create_task(town.send(letter()))
    await town.val_runs()
    assert await town.send(letter()) == 451
    await town.world.save("A", "1", PRIVATE, "mayEnd")
    assert await slow == 250
    assert await town.send(letter()) == 250


async def test_a_client_that_says_nothing_is_left(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "IDLE_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
    assert (await reader.readline()).startswith(b"220")
    assert await reader.read() == b""
    writer.close()


async def test_commands_are_counted(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "COMMANDS", 3)
    async with town.client() as client:
        for _ in range(3):
            await client.noop()
        with pytest.raises(SMTPResponseException, match="421"):
            await client.noop()


async def test_stopping_lets_the_message_under_way_be_answered(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path, mail_domain=DOMAIN) as world:
        town = Town(world, 0)
        await town.put("export const inbox = async () => { await new Promise((go) => setTimeout(go, 200)); return 1 }")
        async with listening(world.house, "127.0.0.1", 0) as port:
            sending = asyncio.create_task(replace(town, port=port).send(letter()))
            await town.val_runs()
        assert await sending == 250
        assert town.records()[0].state is State.DONE


async def test_stopping_does_not_wait_for_ever(
    engine_room: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "DRAIN_SECONDS", 0.05)
    async with open_world(engine_room, tmp_path, mail_domain=DOMAIN) as world:
        town = Town(world, 0)
        await town.put("export const inbox = () => new Promise((go) => setTimeout(go, 1e6))")
        async with listening(world.house, "127.0.0.1", 0) as port:
            sending = asyncio.create_task(replace(town, port=port).send(letter()))
            await town.val_runs()
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await sending
        await world.house.store.flush()
        assert town.records()[0].state is State.FAILED


async def test_an_author_with_too_much_under_way_gets_the_mail_later(engine_room: Machine, tmp_path: Path) -> None:
    async with open_town(engine_room, tmp_path, concurrency=1) as town:
        await town.put()
        with town.world.house.load.evaluations.one("a"):
            assert await town.send(letter()) == 451
        assert await town.send(letter()) == 250
        assert len(town.records()) == 1
