"""A real mail server (aiosmtpd) on the loopback interface that keeps what it gets, and answers as a test says."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from host_api.mail.sender import Post, Sender
from host_api.mail.server import Server, StartTls
from host_api.store import Delivery, Mail, Store

SENDER = "valgate@vals.example"
Answer = Callable[[SMTP, Envelope], Awaitable[str]]


@dataclass
class Office:
    """`port` is where it listens; `got` holds the envelopes it took; `data` and `rcpt` decide what it answers."""

    port: int = 0
    got: list[Envelope] = field(default_factory=list)
    connections: int = 0
    logins: list[LoginPassword] = field(default_factory=list)
    data: Answer | None = None
    rcpt: Callable[[str], str] | None = None
    tls: ssl.SSLContext | None = None
    secret: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt(address) if self.rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        answer = await self.data(server, envelope) if self.data else "250 OK"
        if answer.startswith("250"):
            self.got.append(envelope)
            self.secret.append(session.ssl is not None)
        return answer

    @property
    def messages(self) -> list[EmailMessage]:
        """What it took, parsed as a reader would."""
        return [_parsed(envelope) for envelope in self.got]

    def post(self, **others: str) -> Post:
        return Post(Server("127.0.0.1", self.port, tls=False, starttls=StartTls.NEVER, **others), SENDER)

    def _admit(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data)
        if data.password == b"right":
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 no, not {data.password!r}")

    def make(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="office.example",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            tls_context=self.tls,
            authenticator=self._admit,
            loop=asyncio.get_running_loop(),
        )


class Held:
    """An answer to a text that the office holds back: `came` is set when the text is there, `go_on` lets the answer go."""

    def __init__(self) -> None:
        self.came, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, server: SMTP, envelope: Envelope) -> str:
        self.came.set()
        await self.go_on.wait()
        return "250 OK"


def _parsed(envelope: Envelope) -> EmailMessage:
    assert envelope.original_content is not None
    parsed = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@asynccontextmanager
async def open_office() -> AsyncIterator[Office]:
    office = Office()
    listening = await asyncio.get_running_loop().create_server(office.make, "127.0.0.1", 0)
    try:
        office.port = listening.sockets[0].getsockname()[1]
        yield office
    finally:
        listening.close()
        await listening.wait_closed()


@dataclass
class Clock:
    """A clock that a test sets, in milliseconds."""

    now: int

    def __call__(self) -> int:
        return self.now


def sender(store: Store, post: Post, clock: Clock | None = None) -> Sender:
    """A sender whose chance is always in the middle."""
    return Sender(store, post, clock, lambda: 0.5) if clock else Sender(store, post, chance=lambda: 0.5)


async def write(store: Store, subject: str = "hello", **parts: str | None) -> Mail:
    account = store.account("alice")
    assert account is not None
    return await store.add_mail(account.id, subject, **{"text": "the text", "evaluation": "e-1", **parts})


def delivery(store: Store, owner: str = "alice") -> Delivery:
    """What became of the newest message."""
    found = store.mail(owner)[0].delivery
    assert found is not None
    return found
