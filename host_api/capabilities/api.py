"""api: another's val, run as its author's own evaluation.

    const sum = await api(@B.add, 1, 2)

Authority: what anybody has over HTTP without a token, `POST /v1/run/B.add`: public and unlisted vals, also where the name is one's
own; what the author of the running code calls `@me` is theirs. The one that is called is not told by whom.
Op 1 `call(owner, name, version, args)`: `Access.PUBLIC`; `args` is a JSON array as text. It promises a status, a space, and a body:
the JSON of what the val came to, or of a failure its name and message. An unknown val and a private one are one answer, of status 404.
Arguments that are no JSON array are a TypeError; more calls under way than an evaluation may have are a LimitError.
Who waits takes a turn. What an evaluation has under way when it ends is cancelled, and the record of that says so.
Who pays: the evaluation that is called has limits of its own, and its processor time is the whole chain's (`host_api/net/chain.py`).
Each call is an effect, in the record with what came back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, Protocol, Self

from host_api.capabilities import parts
from host_api.capabilities.effects import before_effect, durably_begun
from host_api.store.model import MUST_NOT_EXIST
from kernel.capability import Answer, Ask, Call, Later, Operation, Run, Seen
from kernel.errors import BadRequest, ErrorInfo, LimitError, NotFound
from kernel.policy import Access
from kernel.principals import ANONYMOUS, Frame, Principal
from kernel.wire import Value

NEWEST = MUST_NOT_EXIST
AT_ONCE = 6
"""Evaluations that one has under way; more wait for their turn."""
WAITING = 500
"""Calls that one evaluation may have under way or waiting."""
TURNS = "api"
"""Where a run keeps whose turn it is, in its state."""
KEPT_FIELDS = 10
"""How many answers of the largest size a record keeps; later ones are cut."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came back, as over HTTP: a status, and a body that should be JSON; of a failure an object with name and message."""

    status: int
    body: bytes

    @classmethod
    def of(cls, error: ErrorInfo) -> Self:
        """Tell a failure."""
        return cls(error.status, json.dumps({"name": error.name, "message": error.message}).encode())


class Runs(Protocol):
    """The power to run a val as its author's own evaluation; the run whose code asks is its parent."""

    async def __call__(self, run: Run, named: tuple[str, str, int | None], args: bytes, /) -> Told:
        """Run it to its end; `named` is owner, name and version, and `args` a JSON array."""


@dataclass(frozen=True, slots=True)
class RunVal:
    """Run a val."""

    owner: Principal | None
    val: str
    version: int | None
    args: str
    name: ClassVar[str] = "call"

    @property
    def target(self) -> str:
        """As the language writes it, with its version."""
        return parts.spell(self.owner, self.val) + ("" if self.version is None else f"@{self.version}")

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What everybody may read, everybody may run."""
        return ((Access.PUBLIC, self.owner),)

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a name and arguments."""
        owner, name, version, args = parts.shape(values, 4)
        wanted = parts.integer(version)
        return cls(parts.owner(owner), parts.val_name(name), None if wanted == NEWEST else wanted, parts.text(args))


class Api:
    """The capability; its power is the house's, to run a val."""

    name = "api"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {1: RunVal.parse}

    def __init__(self, runs: Runs) -> None:
        """Take how a val is run."""
        self._runs = runs

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - whoever may fetch may ask this server
        """Every guest may ask."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Promise what it comes to; nothing is waited for here."""
        if not isinstance(operation, RunVal):
            raise BadRequest("api has no such operation")
        (decision,) = call.decisions
        owner = ANONYMOUS if decision.principal is None else decision.principal.name
        leave = _enter(call.run, len(operation.args))
        before_effect(call.run)

        async def answer() -> Value:
            try:
                async with _turns(call.run):
                    return await self._answer(operation, owner, call)
            finally:
                leave()

        return Answer(Later(answer), row=decision.row, effect=True)

    async def _answer(self, wanted: RunVal, owner: str, call: Call) -> str:
        try:
            args = _insist_array(wanted.args)
            await durably_begun(call.run)
            told = await self._runs(call.run, (owner, wanted.val, wanted.version), args)
        except BaseException:
            call.node.seen = Seen.ERROR
            raise
        most = call.run.limits.message
        if len(told.body) > most:
            told = Told.of(LimitError(f"an answer of more than {most} bytes does not come back from api()").info())
        text = told.body.decode("utf-8", "replace")
        _note(call, told.status, text)
        return f"{told.status} {text}"


def _enter(run: Run, size: int) -> Callable[[], None]:
    """Count a call that begins to wait, with its arguments; return what counts it out. Raise LimitError when there is no room."""
    run.spend("api", 1, WAITING, "calls of api() at once")

    def leave(size: int = size) -> None:
        run.spent["api"] -= 1
        run.spent["api text"] = run.spent.get("api text", 0) - size

    try:
        run.spend("api text", size, run.limits.memory, "characters of arguments of api() at once")
    except LimitError:
        leave(0)
        raise
    return leave


def _turns(run: Run) -> asyncio.Semaphore:
    kept = run.state.get(TURNS)
    if not isinstance(kept, asyncio.Semaphore):
        kept = run.state[TURNS] = asyncio.Semaphore(AT_ONCE)
    return kept


def _insist_array(text: str) -> bytes:
    """Insist on a JSON array: a guest that is not ours may have written it, and what is run would be blamed for it."""
    try:
        # Of numbers nothing is kept; JavaScript reads as many digits as there are.
        array = isinstance(json.loads(text, parse_int=float, parse_constant=_no_json), list)
    except (ValueError, RecursionError):
        array = False
    if not array:
        raise BadRequest("api() takes arguments as a JSON array, and not nested too deeply")
    return text.encode()


def _no_json(word: str) -> object:
    """Refuse NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(word)


def _note(call: Call, status: int, text: str) -> None:
    """Tell the record what came back, as far as it has room."""
    node, run, limit = call.node, call.run, call.run.limits.field
    if status >= HTTPStatus.BAD_REQUEST:
        node.seen = Seen.UNAVAILABLE if status == NotFound.status else Seen.ERROR
    used = run.spent.get("api answers", 0)
    room = min(limit, limit * KEPT_FIELDS - used)
    node.answer = text if len(text) <= room else text[:room] + "… (cut)"
    run.spent["api answers"] = used + min(len(text), room)
