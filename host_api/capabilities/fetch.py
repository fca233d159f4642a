"""fetch: the public internet, over http and https.

    const response = await fetch("https://example.com/", {method: "POST", body: "x", signal}); await response.json()

Authority: what any stranger on the internet may do; nothing of the host's own network (`host_api/net/addresses.py`), and nothing
that another val left behind: no cookie, password or connection. Every val may fetch, own or foreign.
Op 1 `start(id, method, url, headers, body, upload, redirect)`: no access; promises the head of the answer, as JSON.
`id` is the guest's own number for it, used once; `headers` a JSON array of name, value, name, value …; `upload` says whether the
body is whole, or written in pieces that are gathered first, or sent as they come.
Op 2 `read(id)` promises the next bytes of the answer's body, or undefined at its end; op 3 `write(id, bytes)` hands over a piece of
the request's body, undefined being its end, and promises room for the next; op 4 `abort(id)` lets go of everything.
Who waits for the network takes a turn: a request until its head is there (an upload until then too), and each read; an answer that
nobody reads takes none.
A refusal is a TypeError that begins with "fetch failed"; a host that may not be reached and one that is not there look the same.
More fetches than an evaluation may make, and more bytes than a body may have, are a LimitError.
Who pays: the evaluation, by fetches, and by processor time for the decoding of bodies. Each is an effect, in the record with its method, address, redirects and how it ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Self

from host_api.capabilities import parts
from host_api.capabilities.effects import before_effect, durably_begun
from host_api.capabilities.endings import at_end
from host_api.net.chain import link_below
from host_api.net.client import Client, Visit
from host_api.net.connector import insist
from host_api.net.exchange import Exchange
from host_api.net.failures import NotPublic
from host_api.net.limits import Fetching
from host_api.net.request import Request
from kernel.capability import NOTHING, Answer, Ask, Call, Later, Node, Operation, Run, Seen, Throw
from kernel.errors import BadRequest, ValgateError
from kernel.principals import NOBODY, Frame
from kernel.wire import Value

VISITS = "fetch"
"""Where a run keeps its fetches, in its state."""
LONGEST_TRAIL = 64 * 1024
"""Characters of addresses that a record keeps of one fetch; of later redirects it names the host."""


@dataclass(frozen=True, slots=True)
class Start:
    """Send a request."""

    id: int
    request: Request
    name: ClassVar[str] = "start"
    asks: ClassVar[tuple[Ask, ...]] = ()

    @property
    def target(self) -> str:
        """Method and address."""
        return self.request.shown

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Refuse what is no request."""
        number, method, url, headers, body, upload, redirect = parts.shape(values, 7)
        request = Request.parse(
            parts.text(method),
            parts.text(url),
            parts.text(headers),
            None if body is None else parts.raw(body),
            parts.text(upload),
            parts.text(redirect),
        )
        return cls(parts.integer(number), request)


@dataclass(frozen=True, slots=True)
class Read:
    """Give me more of the answer's body."""

    id: int
    name: ClassVar[str] = "read"
    target: ClassVar[str] = ""
    asks: ClassVar[tuple[Ask, ...]] = ()

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take the number of a fetch."""
        return cls(*map(parts.integer, parts.shape(values, 1)))


@dataclass(frozen=True, slots=True)
class Write:
    """Take more of the request's body; None is its end."""

    id: int
    piece: bytes | None
    name: ClassVar[str] = "write"
    target: ClassVar[str] = ""
    asks: ClassVar[tuple[Ask, ...]] = ()

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take the number of a fetch, and bytes or nothing."""
        number, piece = parts.shape(values, 2)
        return cls(parts.integer(number), None if piece is None else parts.raw(piece))


@dataclass(frozen=True, slots=True)
class Abort:
    """Forget it."""

    id: int
    name: ClassVar[str] = "abort"
    target: ClassVar[str] = ""
    asks: ClassVar[tuple[Ask, ...]] = ()

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take the number of a fetch."""
        return cls(*map(parts.integer, parts.shape(values, 1)))


@dataclass(slots=True)
class Visits:
    """The fetches of one run: those that wait for the network take turns; each guest has its own connections."""

    turns: asyncio.Semaphore
    visits: dict[Frame, Visit] = field(default_factory=dict)
    exchanges: dict[tuple[Frame, int], Exchange] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run, at_once: int) -> Visits:
        """Return those of a run; they end with it."""
        kept = run.state.get(VISITS)
        if not isinstance(kept, cls):
            kept = run.state[VISITS] = cls(asyncio.Semaphore(at_once))
            at_end(run, kept.close)
        return kept

    def exchange(self, call: Call, number: int) -> Exchange:
        """Return a fetch of the guest that asks; raise BadRequest when it has none of this number."""
        found = self.exchanges.get((call.frame, number))
        if found is None:
            raise BadRequest("there is no such fetch")
        return found

    def stop(self, call: Call, number: int) -> None:
        """Stop a fetch of the guest that asks; one that never began needs nothing."""
        found = self.exchanges.get((call.frame, number))
        if found is not None:
            found.stop()

    def close(self) -> None:
        """Close everything that is open, and forget it: an exchange leads to its run, and a run leads here."""
        for exchange in self.exchanges.values():
            exchange.stop()
        for visit in self.visits.values():
            visit.close()
        self.exchanges.clear()
        self.visits.clear()


class Fetch:
    """The capability; its power is the server's client."""

    name = "fetch"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {
        1: Start.parse,
        2: Read.parse,
        3: Write.parse,
        4: Abort.parse,
    }

    def __init__(self, client: Client, limits: Fetching) -> None:
        """Take the client, and what an evaluation may fetch."""
        self._client, self._limits = client, limits

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - the internet is everybody's
        """Every guest may fetch."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Promise what was asked for; nothing is waited for here."""
        visits = Visits.of(call.run, self._limits.at_once)
        match operation:
            case Start():
                return self._start(operation, call, visits)
            case Read():
                exchange = visits.exchange(call, operation.id)
                return Answer(Later(_in_turn(visits, exchange.read)), recorded=False)
            case Write():
                exchange, piece = visits.exchange(call, operation.id), operation.piece
                return Answer(Later(lambda: exchange.write(piece)), recorded=False)
            case Abort():
                visits.stop(call, operation.id)
                return Answer(NOTHING, recorded=False)
        raise BadRequest("fetch has no such operation")

    def _start(self, start: Start, call: Call, visits: Visits) -> Answer:
        request, key = start.request, (call.frame, start.id)
        if key in visits.exchanges:
            raise BadRequest("this number was given to another fetch")
        most = self._limits.anonymous if call.frame.caller == NOBODY else self._limits.most
        call.run.spend("fetches", 1, most, "fetches")
        try:
            insist(self._client.rules, request.url.host or "", request.url.port or 0)
        except NotPublic as refusal:
            return Answer(Throw(refusal), Seen.REFUSED)
        visit = visits.visits.get(call.frame)
        if visit is None:
            caller = call.frame.caller
            who = None if caller == NOBODY else caller.name
            visit = visits.visits[call.frame] = Visit(self._client, link_below(call.run), who)
        exchange = Exchange(
            request, visit.send, self._limits.body, lambda step: _moved(call.node, step), partial(_pay, call.run)
        )
        visits.exchanges[key] = exchange
        before_effect(call.run)

        async def head() -> Value:
            async with _told(call.node):
                await durably_begun(call.run)
                return (await exchange.head()).json()

        return Answer(Later(_in_turn(visits, head)), effect=True)


def _in_turn(visits: Visits, work: Callable[[], Awaitable[Value]]) -> Callable[[], Awaitable[Value]]:
    """Wait for one's turn first: first come, first served."""

    async def turn() -> Value:
        async with visits.turns:
            return await work()

    return turn


def _pay(run: Run, seconds: float) -> None:
    """Have an evaluation pay for the host's work on its fetch."""
    run.worked += seconds


def _moved(node: Node, step: Request) -> None:
    """Add a redirect to the record: where it leads, however long the way; no server decides how much room a record has."""
    whole = len(node.target) + len(step.shown) <= LONGEST_TRAIL
    node.target = f"{node.target} → {step.shown if whole else f'{step.method} {step.url.origin()}/…'}"


@asynccontextmanager
async def _told(node: Node) -> AsyncIterator[None]:
    """Tell the record how it ended."""
    try:
        yield
    except NotPublic:
        node.seen = Seen.REFUSED
        raise
    except ValgateError:
        node.seen = Seen.ERROR
        raise
