"""One talk with a mail server: connecting, and handing over one letter.

Before the server is given the text, whatever goes wrong may be tried again.
From then on only its answer counts: without one, the letter may have been taken, and its end is `unknown`.
What a server says is kept short, printable and without the password; of a refused login it is not kept at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
)

from host_api.mail.letter import Letter
from host_api.mail.server import Server, StartTls
from host_api.store import Stage

COMMAND_SECONDS = 30.0
DATA_SECONDS = 300.0
"""RFC 5321, 4.5.3.2.6, allows a server ten minutes after the text; a letter in doubt is worth half of that."""
LONGEST_ERROR = 200
TEMPORARY, PERMANENT = range(400, 500), range(500, 600)

_STARTTLS = {StartTls.ALWAYS: True, StartTls.AUTO: None, StartTls.NEVER: False}


class Unreachable(Exception):
    """No talk came about; the sentence says why. Every letter may be tried again."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a try: SENT, WAITING (again, later), FAILED (for good) or UNKNOWN, and why."""

    stage: Stage
    error: str | None = None


@asynccontextmanager
async def connected(server: Server, name: str) -> AsyncIterator[SMTP]:
    """Open a connection, and end it politely; raise Unreachable. `name` is what we call ourselves."""
    client = SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls,
        start_tls=_STARTTLS[server.starttls],
        local_hostname=name,
        timeout=COMMAND_SECONDS,
    )
    try:
        await _connect(client, server)
        if not client.is_connected:
            raise Unreachable("the mail server closes connections at once")
        yield client
        with suppress(SMTPException, OSError):
            await client.quit(timeout=1)
    finally:
        client.close()


async def _connect(client: SMTP, server: Server) -> None:
    try:
        await client.connect()
    except SMTPAuthenticationError as error:
        # A server may repeat what it was given; the number says enough.
        raise Unreachable(f"the mail server refused the user or the password ({error.code})") from None
    except SMTPResponseException as error:
        raise Unreachable(told(error, server)) from None
    except (SMTPException, OSError, ValueError) as error:
        raise Unreachable(f"the mail server cannot be reached ({type(error).__name__})") from None


async def hand_over(
    client: SMTP, letter: Letter, server: Server, begin: Callable[[], Awaitable[bool]]
) -> Result | None:
    """Hand over one letter; None if `begin`, called right before the text is sent, says that it is not ours any more."""
    refused = await _address(client, letter, server)
    if refused is not None:
        return refused
    if not await begin():
        return None
    try:
        await client.data(letter.raw, timeout=DATA_SECONDS)
    except SMTPResponseException as error:
        return _judge(error, server, Stage.UNKNOWN)
    except (SMTPException, OSError) as error:
        return Result(Stage.UNKNOWN, f"the mail server took the text and did not answer ({type(error).__name__})")
    return Result(Stage.SENT)


async def _address(client: SMTP, letter: Letter, server: Server) -> Result | None:
    """Write the envelope; return what came of it if the server does not want the letter."""
    if letter.utf8 and not client.supports_extension("smtputf8"):
        return Result(Stage.FAILED, "an address has letters that the mail server does not take (SMTPUTF8)")
    options, encoding = (["SMTPUTF8"], "utf-8") if letter.utf8 else ([], "ascii")
    if client.supports_extension("size"):
        options.append(f"SIZE={len(letter.raw)}")
    try:
        await client.mail(letter.sender, options=options, encoding=encoding)
        await client.rcpt(letter.recipient, encoding=encoding)
    except SMTPResponseException as error:
        return _judge(error, server, Stage.WAITING)
    except (SMTPException, OSError) as error:
        return Result(Stage.WAITING, f"the connection to the mail server broke ({type(error).__name__})")
    except ValueError:
        return Result(Stage.FAILED, "an address cannot be written in SMTP")
    return None


async def ready_again(client: SMTP) -> None:
    """Make a connection fit for another letter after one that did not go."""
    try:
        await client.rset()
    except (SMTPException, OSError):
        client.close()


def _judge(error: SMTPResponseException, server: Server, otherwise: Stage) -> Result:
    if error.code in TEMPORARY:
        return Result(Stage.WAITING, told(error, server))
    return Result(Stage.FAILED if error.code in PERMANENT else otherwise, told(error, server))


def told(error: SMTPResponseException, server: Server) -> str:
    """Say what a server answered."""
    text = "".join(each if each.isprintable() else " " for each in server.clean(str(error.message)))
    return f"the mail server said {error.code} {' '.join(text.split())}"[:LONGEST_ERROR]
