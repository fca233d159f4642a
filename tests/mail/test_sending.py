"""From the outbox to a mail server: what arrives, what is tried again, and what is not."""

from __future__ import annotations

import asyncio

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from host_api.mail import retry
from host_api.mail import sender as sending
from host_api.store import Stage, Store
from tests.mail.office import SENDER, Clock, Office, delivery, sender, write

MINUTE, HOUR = 60_000, 3_600_000


async def test_a_message_arrives_with_its_headers_and_is_marked_as_sent(office: Office, store: Store) -> None:
    mail = await write(store, "a subject", html="<b>x</b>", reply_to="bob@example.com")
    assert await sender(store, office.post()).round()
    (message,), (envelope,) = office.messages, office.got
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["alice@example.com"])
    assert {name: message[name] for name in ("From", "To", "Subject", "Reply-To", "X-Valgate-Evaluation")} == {
        "From": SENDER,
        "To": "alice@example.com",
        "Subject": "a subject",
        "Reply-To": "bob@example.com",
        "X-Valgate-Evaluation": "e-1",
    }
    assert message["Message-ID"] == f"<{mail.id}@vals.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Valgate-Val"] is None
    assert (delivery(store).stage, delivery(store).attempts) == (Stage.SENT, 1)
    assert not await sender(store, office.post()).round()


async def test_without_a_server_the_outbox_keeps_it(store: Store) -> None:
    async with Store.open(store.path) as quiet:
        await write(quiet)
        assert quiet.mail("alice")[0].delivery is None
        assert not quiet.mail_is_due(2**60)


async def test_an_account_without_an_address_keeps_it_and_the_delivery_says_why(office: Office, store: Store) -> None:
    account = await store.add_account("carol")
    await store.add_mail(account.id, "hello")
    assert not await sender(store, office.post()).round()
    assert delivery(store, "carol").stage is Stage.FAILED
    assert "no e-mail address" in (delivery(store, "carol").error or "")


async def test_a_batch_shares_its_connections(office: Office, store: Store) -> None:
    await asyncio.gather(*(write(store, f"{number}") for number in range(20)))
    assert await sender(store, office.post()).round()
    assert sorted(int(message["Subject"]) for message in office.messages) == list(range(20))
    assert office.connections == sending.CONNECTIONS


async def test_a_temporary_refusal_is_tried_again_later_and_longer(office: Office, store: Store) -> None:
    mail = await write(store)
    clock = Clock(mail.created_at)
    office.rcpt = lambda _: "451 4.3.0 later"
    for attempt, wait in enumerate((1, 2, 4, 8, 16, 32, 64, 128, 240, 240), start=1):
        assert await sender(store, office.post(), clock).round()
        found = delivery(store)
        assert (found.stage, found.attempts, found.due) == (Stage.WAITING, attempt, clock.now + wait * MINUTE)
        assert found.error == "the mail server said 451 4.3.0 later"
        clock.now = found.due - 1
        assert not await sender(store, office.post(), clock).round()
        clock.now = found.due
    office.rcpt = None
    assert await sender(store, office.post(), clock).round()
    assert delivery(store).stage is Stage.SENT


async def test_each_try_has_the_same_message_id(office: Office, store: Store) -> None:
    seen: list[str] = []

    async def refuse(_: SMTP, envelope: Envelope) -> str:
        office.got.append(envelope)
        seen.append(office.messages[-1]["Message-ID"])
        return "451 4.3.0 later"

    office.data = refuse
    clock = Clock((await write(store)).created_at)
    for _ in range(3):
        await sender(store, office.post(), clock).round()
        clock.now = delivery(store).due
    assert len(seen) == 3
    assert len(set(seen)) == 1


async def test_a_temporary_refusal_of_the_text_may_be_tried_again_since_the_server_said_so(
    office: Office, store: Store
) -> None:
    async def refuse(_: SMTP, __: Envelope) -> str:
        return "452 4.3.1 full"

    office.data = refuse
    await write(store)
    await sender(store, office.post()).round()
    assert (delivery(store).stage, delivery(store).error) == (Stage.WAITING, "the mail server said 452 4.3.1 full")


@pytest.mark.parametrize("where", ["rcpt", "data"])
async def test_a_refusal_for_good_is_the_end(office: Office, store: Store, where: str) -> None:
    async def refuse(_: SMTP, __: Envelope) -> str:
        return "554 5.7.1 no"

    office.rcpt = (lambda _: "550 5.1.1 nobody") if where == "rcpt" else None
    office.data = refuse
    mail = await write(store)
    clock = Clock(mail.created_at)
    await sender(store, office.post(), clock).round()
    assert delivery(store).stage is Stage.FAILED
    assert "the mail server said 55" in (delivery(store).error or "")
    clock.now += 100 * HOUR
    assert not await sender(store, office.post(), clock).round()


async def test_one_that_is_refused_does_not_stop_the_next(office: Office, store: Store) -> None:
    office.rcpt = lambda address: "550 5.1.1 nobody" if "alice" in address else "250 OK"
    account = await store.add_account("bob", "bob@example.com")
    for number in range(6):
        await write(store) if number % 2 else await store.add_mail(account.id, "hi", evaluation="e")
    await sender(store, office.post()).round()
    assert [mail.delivery.stage for mail in store.mail("alice") if mail.delivery] == [Stage.FAILED] * 3
    assert [mail.delivery.stage for mail in store.mail("bob") if mail.delivery] == [Stage.SENT] * 3


async def test_a_server_that_is_not_there_is_tried_again_until_the_message_is_too_old(store: Store) -> None:
    nowhere = Office(port=1).post()
    mail = await write(store)
    clock = Clock(mail.created_at)
    while delivery(store).stage is Stage.WAITING:
        assert not await sender(store, nowhere, clock).round()
        assert delivery(store).due <= mail.created_at + retry.MOST_AGE_MS
        clock.now = delivery(store).due
    assert delivery(store).stage is Stage.FAILED
    assert (delivery(store).error or "").startswith(f"given up after {delivery(store).attempts} tries")
    assert 20 < delivery(store).attempts <= retry.MOST_ATTEMPTS


async def test_what_a_server_says_is_kept_short_and_on_one_line(office: Office, store: Store) -> None:
    office.rcpt = lambda _: "550-\x1b[31m a\x07\r\n550 " + "b" * 400
    await write(store)
    await sender(store, office.post()).round()
    error = delivery(store).error or ""
    assert error.startswith("the mail server said 550 [31m a b")
    assert len(error) <= 200
    assert error.isprintable()


def test_waits_are_spread_by_chance_and_bounded() -> None:
    for attempts in range(1, retry.MOST_ATTEMPTS):
        early, late = (retry.next_try(0, attempts, 0, chance) for chance in (0.0, 1.0))
        assert early is not None
        assert late is not None
        assert 0 < early < late <= retry.LONGEST_MS * (1 + retry.SPREAD)
    assert retry.next_try(0, retry.MOST_ATTEMPTS, 0, 0.5) is None
    assert retry.next_try(0, 1, retry.MOST_AGE_MS, 0.5) is None
