"""A message is handed over at most once, whoever dies when."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from host_api.mail.sender import delivering
from host_api.settings import Settings
from host_api.store import Stage, Store
from tests.mail.office import Clock, Held, Office, delivery, sender, write

SENDS = """
import asyncio, sys
from host_api.mail.sender import Post, Sender
from host_api.mail.server import Server
from host_api.store import Store
async def main():
    async with Store.open(sys.argv[1], delivers=True) as store:
        sender = Sender(store, Post(Server.parse(sys.argv[2]), "valgate@vals.example"))
        while await sender.round():
            pass
asyncio.run(main())
"""
YEAR_MS = 365 * 86_400_000


def arguments(store: Store, office: Office) -> list[str]:
    return [sys.executable, "-c", SENDS, str(store.path), f"smtp://127.0.0.1:{office.port}?starttls=never"]


async def test_a_server_that_takes_the_text_and_hangs_up_gets_it_once(office: Office, store: Store) -> None:
    taken: list[Envelope] = []

    async def take_and_drop(server: SMTP, envelope: Envelope) -> str:
        taken.append(envelope)
        assert server.transport is not None
        server.transport.close()
        return "250 OK, unheard"

    office.data = take_and_drop
    clock = Clock((await write(store)).created_at)
    await sender(store, office.post(), clock).round()
    found = delivery(store)
    assert found.stage is Stage.UNKNOWN
    assert "did not answer" in (found.error or "")
    clock.now += YEAR_MS
    assert not await sender(store, office.post(), clock).round()
    assert len(taken) == 1


async def test_a_server_that_hangs_up_before_the_text_may_get_it_again(office: Office, store: Store) -> None:
    hung: list[str] = []

    async def no_text(_: SMTP, __: Envelope) -> str:
        raise AssertionError("the text was sent")

    def hang_up(address: str) -> str:
        hung.append(address)
        raise ConnectionResetError

    office.rcpt, office.data = hang_up, no_text
    clock = Clock((await write(store)).created_at)
    await sender(store, office.post(), clock).round()
    assert delivery(store).stage is Stage.WAITING
    assert "broke" in (delivery(store).error or "")
    office.rcpt = office.data = None
    clock.now = delivery(store).due
    await sender(store, office.post(), clock).round()
    assert (delivery(store).stage, delivery(store).attempts, len(hung)) == (Stage.SENT, 2, 1)


@asynccontextmanager
async def _caught_in_the_text(office: Office, store: Store) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a process that sends, and yield it while the mail server holds its answer back."""
    office.data = held = Held()
    process = await asyncio.create_subprocess_exec(*arguments(store, office))
    try:
        async with asyncio.timeout(60):
            await held.came.wait()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_kill_9_between_the_text_and_the_answer_does_not_send_it_twice(office: Office, store: Store) -> None:
    clock = Clock((await write(store)).created_at + YEAR_MS)
    async with _caught_in_the_text(office, store) as process:
        assert delivery(store).stage is Stage.SENDING
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    office.data = None
    await store.recover_mail()
    assert delivery(store).stage is Stage.UNKNOWN
    assert "not sent again" in (delivery(store).error or "")
    assert not await sender(store, office.post(), clock).round()
    assert office.got == []


async def test_what_another_living_process_has_in_hand_is_left_to_it(office: Office, store: Store) -> None:
    clock = Clock((await write(store)).created_at + YEAR_MS)
    async with _caught_in_the_text(office, store):
        await store.recover_mail()
        assert delivery(store).stage is Stage.SENDING
        assert not await sender(store, office.post(), clock).round()


async def test_what_a_dead_process_claimed_and_did_not_begin_is_sent_by_the_next(office: Office, store: Store) -> None:
    now = (await write(store)).created_at
    async with Store.open(store.path) as other:
        assert len(await other.claim_mail(now, 10)) == 1
        assert not store.mail_is_due(now)
    await store.recover_mail()
    assert await sender(store, office.post()).round()
    assert delivery(store).stage is Stage.SENT


async def test_what_is_in_one_hand_is_not_taken_in_another(store: Store) -> None:
    now = (await write(store)).created_at
    async with Store.open(store.path) as other:
        assert len(await store.claim_mail(now, 10)) == 1
        assert await other.claim_mail(now, 10) == []
        assert await store.claim_mail(now, 10) == []


async def test_two_processes_send_each_message_once(office: Office, store: Store) -> None:
    await asyncio.gather(*(write(store, f"{number}") for number in range(60)))
    others = [await asyncio.create_subprocess_exec(*arguments(store, office)) for _ in range(2)]
    while await sender(store, office.post()).round():
        pass
    assert [await other.wait() for other in others] == [0, 0]
    assert sorted(int(message["Subject"]) for message in office.messages) == list(range(60))
    assert {mail.delivery.stage for mail in store.mail("alice") if mail.delivery} == {Stage.SENT}


async def test_what_is_not_in_hand_any_more_is_not_begun(office: Office, store: Store) -> None:
    """A process that was taken for dead, and was not, hands nothing over that another has taken."""
    now = (await write(store)).created_at
    (mail,) = await store.claim_mail(now, 1)
    await store._writer.submit(lambda db: db.execute("UPDATE deliveries SET process = 'another'").rowcount)
    assert not await store.begin_delivery(mail.id)


async def test_one_that_is_not_in_hand_any_more_spoils_the_connection_for_no_other(
    office: Office, store: Store
) -> None:
    """The mail server has its envelope, and would refuse the next one as a second in the same message."""
    due = [(await write(store, subject)).created_at for subject in ("one", "other")]
    gone, kept = mails = await store.claim_mail(max(due), 2)
    taken = "UPDATE deliveries SET process = 'another' WHERE mail_id = ?"
    await store._writer.submit(lambda db: db.execute(taken, (gone.id,)).rowcount)
    assert await sender(store, office.post())._batch(mails)
    assert [message["Subject"] for message in office.messages] == [kept.subject]
    assert office.connections == 1


async def test_stopping_finishes_the_message_under_way_and_begins_no_other(office: Office, store: Store) -> None:
    await asyncio.gather(*(write(store) for _ in range(6)))
    office.data = held = Held()
    settings = replace(Settings(), smtp_url=office.post().server)
    async with delivering(store, settings):
        await held.came.wait()
        asyncio.get_running_loop().call_soon(held.go_on.set)
    stages = [mail.delivery.stage for mail in store.mail("alice") if mail.delivery]
    assert 1 <= stages.count(Stage.SENT) <= 2
    assert stages.count(Stage.WAITING) == 6 - stages.count(Stage.SENT)
    assert store.mail_is_due(2**60)


async def test_stopping_does_not_wait_for_ever_and_what_was_under_way_is_in_doubt(
    office: Office, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_api.mail.sender.STOP_SECONDS", 0.05)
    await write(store)
    office.data = held = Held()
    async with delivering(store, replace(Settings(), smtp_url=office.post().server)):
        await held.came.wait()
    assert delivery(store).stage is Stage.UNKNOWN
    assert "was stopped" in (delivery(store).error or "")


async def test_nothing_is_handed_over_that_cannot_be_marked_before(office: Office, store: Store) -> None:
    """What was sent could not be known to have been, so it waits."""
    await write(store)
    now = store.mail("alice")[0].created_at
    (mail,) = await store.claim_mail(now, 1)
    await store._writer.submit(
        lambda db: db.execute(
            "CREATE TEMP TRIGGER broken BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    )
    assert not await sender(store, office.post())._batch([mail])
    assert office.got == []
    assert delivery(store).stage is Stage.WAITING
