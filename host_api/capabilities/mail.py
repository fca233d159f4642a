"""mail: a message to the one principal that the table's row 13 names.

    console.email("it is done", "a subject"); console.email({html: "<b>done</b>", subject: "a subject"})

Authority: writing to that principal's own address, and to nobody else's.
Op 1 `send(subject, text, html, replyTo)`: `Access.EMAIL`. Anonymous evaluations reach nobody, and their record says so.
A header with a line break is a TypeError; more messages than an evaluation or a minute may have are a LimitError.
Who pays: the principal that receives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from host_api.capabilities import parts
from host_api.capabilities.effects import before_effect
from host_api.store import Store
from host_api.store.clock import now_ms
from kernel.capability import NOTHING, Answer, Ask, Call, Operation, Seen
from kernel.errors import BadRequest
from kernel.policy import Access
from kernel.principals import Authority, Frame
from kernel.wire import Value

LONGEST_HEADER = 998
EMAILS = "emails"
"""Where the messages of a run are kept, in its state: a list of dicts as FullRun shows them."""
_ADDRESS = re.compile(r"[^\s@<>,;:\"\\()\[\]]+@[^\s@<>,;:\"\\()\[\]]+")


def _ends_line(character: str) -> bool:
    """Whether anybody on a mail's way could take it for the end of a line: ASCII's controls, and Unicode's line ends."""
    return ord(character) < ord(" ") or character in "\x7f\x85\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Send:
    """One message."""

    subject: str | None
    text: str | None
    html: str | None
    reply_to: str | None
    name: ClassVar[str] = "send"
    target: ClassVar[str] = "email"
    asks: ClassVar[tuple[Ask, ...]] = ((Access.EMAIL, None),)

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Refuse what would break out of a header."""
        subject, text, html, reply_to = map(parts.maybe_text, parts.shape(values, 4))
        for header in (subject, reply_to):
            if header is not None and (len(header) > LONGEST_HEADER or any(_ends_line(each) for each in header)):
                raise BadRequest(f"a mail's subject and replyTo are one line of {LONGEST_HEADER} characters at most")
        if reply_to is not None and not _ADDRESS.fullmatch(reply_to):
            raise BadRequest("a mail's replyTo is one address, as in alice@example.com")
        return cls(subject, text, html, reply_to)


class Mail:
    """The capability; its power is the store's outbox."""

    name = "mail"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {1: Send.parse}

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self._store = store

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - the table always names somebody
        """Every guest may write to whom the table names."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Put it into the outbox of the principal of the decision."""
        if not isinstance(operation, Send):
            raise BadRequest("mail has no such operation")
        (decision,) = call.decisions
        run = call.run
        run.spend("emails", 1, run.limits.emails, "emails")
        account = None if decision.principal is None else self._store.account(decision.principal.name)
        if account is None:
            return Answer(NOTHING, Seen.NOOP, decision.row)
        foreign = call.frame.authority is Authority.FOREIGN
        subject = operation.subject if operation.subject is not None else f"Message from {call.source}"
        before_effect(run)
        await self._store.add_mail(
            account.id,
            subject,
            text=operation.text,
            html=operation.html,
            reply_to=operation.reply_to,
            from_val=call.source if foreign else None,
            author=str(call.frame.author),
            evaluation=run.evaluation,
        )
        self._note(call, operation, subject, account.name)
        return Answer(NOTHING, row=decision.row, effect=True)

    @staticmethod
    def _note(call: Call, mail: Send, subject: str, to: str) -> None:
        kept = call.run.state.setdefault(EMAILS, [])
        if isinstance(kept, list):
            shown = {"to": f"@{to}", "subject": subject, "text": mail.text, "html": mail.html, "replyTo": mail.reply_to}
            kept.append(shown | {"author": str(call.frame.author), "val": call.source, "at": now_ms()})
