"""What is answered to whom: which addresses there are, and what becomes of a message for one.

A message is taken (250) once the evaluation that it caused has ended and its record is on the disk; how the val fared is
the record's to say. What the host could not do is 451: the sender tries again, so a val may see a message twice.
"""

from __future__ import annotations

import asyncio
import re
from enum import Enum, auto
from typing import Protocol

import structlog
from aiosmtpd.smtp import Envelope

from host_api.house import Entry, House
from host_api.letterbox.reading import Incoming, Unreadable, arguments, read
from host_api.mail.address import is_address
from host_api.store import State, is_public
from kernel.errors import HostError, TooMany, ValgateError

log = structlog.get_logger("valgate.mail_in")

MOST_RECIPIENTS = 10
OK, NOBODY = "250 2.0.0 OK", "550 5.1.1 There is no such val"
NO_RELAY = "550 5.7.1 This server passes no mail on"
TOO_MANY = "452 4.5.3 Send it to the others in another message"
AUTOMATIC = "554 5.7.1 Vals take no mail that a machine sent"
LATER = "451 4.3.0 Try again later"
NOT_SAID = "252 2.5.2 Send it and see"

_LOCAL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\.([A-Za-z_][A-Za-z0-9_]*)(?:\+.*)?")
NULL_SENDERS = frozenset({"", "<>"})
"""What stands for nobody, who is not to be answered: the sender of bounces."""
HOST_FAILED = frozenset({"host", "host_failure", "overloaded", "cancelled"})
"""Codes of errors that are no val's fault."""


class Fate(Enum):
    """What became of a message at one val."""

    RECORDED = auto()
    GONE = auto()
    LATER = auto()


class Patient(Protocol):
    """A connection that can be told to wait."""

    def take_time(self) -> None:
        """Wait for as long as a val may run."""


class Handler:
    """Answers the commands of one server; the library calls what is named `handle_…`."""

    def __init__(self, house: House) -> None:
        """Take the house whose vals get mail."""
        self._house, self._domain = house, house.settings.domain_of_mail

    async def handle_RCPT(  # noqa: N802 — the library's name
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Say whether there is such a val, as a stranger is told."""
        if not address.lower().endswith(f"@{self._domain}"):
            return NO_RELAY
        named = _named(address)
        val = None if named is None else self._house.store.val(*named)
        if val is None or not is_public(val):
            return NOBODY
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_VRFY(self, *_: object) -> str:  # noqa: N802 — as above
        """Say nothing."""
        return NOT_SAID

    async def handle_DATA(self, server: Patient, _session: object, envelope: Envelope) -> str:  # noqa: N802 — as above
        """Run each val that a message is for, and answer for all of them."""
        try:
            incoming = await asyncio.to_thread(read, envelope.original_content or b"")
        except Unreadable as error:
            return f"554 5.6.0 This is {error}"
        sender = envelope.mail_from or ""
        if incoming.automatic or sender in NULL_SENDERS:
            return AUTOMATIC
        server.take_time()
        # A val is run once, however often and with whatever tags it is named.
        meant = {named: address for address in reversed(envelope.rcpt_tos) if (named := _named(address)) is not None}
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._deliver(named, incoming, sender, to)) for named, to in meant.items()]
        return _answer({task.result() for task in tasks})

    async def handle_exception(self, error: Exception) -> str:
        """Answer for what broke here; nothing of it is told."""
        if not isinstance(error, UnicodeError):  # bytes that are no text, in a command: the client's mistake
            log.error("mail-in failed", exc_info=error)
        return LATER

    async def _deliver(self, named: tuple[str, str], incoming: Incoming, sender: str, recipient: str) -> Fate:
        args = arguments(incoming, sender if is_address(sender) else "", recipient)
        house = self._house
        try:
            outcome = await house.evaluate(
                requester=None, source="email", entry=Entry(val=(*named, None)), args=args, as_author=True
            )
            await house.store.flush()
            row = house.store.evaluation(outcome.evaluation)
        except HostError as error:
            log.exception("mail was not taken", exc_info=error)
            return Fate.LATER
        except TooMany:
            return Fate.LATER
        except ValgateError:
            return Fate.GONE
        if row is None or row.state is State.RUNNING or (outcome.error and outcome.error.code in HOST_FAILED):
            return Fate.LATER
        return Fate.RECORDED


def _named(address: str) -> tuple[str, str] | None:
    """Return owner and name of the val that is meant, folded; what follows a + is the sender's own."""
    found = _LOCAL.fullmatch(address.rpartition("@")[0]) if is_address(address) else None
    return (found[1].lower(), found[2].lower()) if found else None


def _answer(fates: set[Fate]) -> str:
    if Fate.LATER in fates:
        return LATER
    return OK if Fate.RECORDED in fates else NOBODY
