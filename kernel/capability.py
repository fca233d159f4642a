"""The contract of a capability: what the kernel asks of it, and what it may answer.

Everything about the shape of a host call is here. This file does not know any capability, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from kernel.errors import LimitError, Refusal
from kernel.limits import Limits
from kernel.policy import Access, Decision
from kernel.principals import Authority, Frame, Principal
from kernel.wire import Value

Ask = tuple[Access, Principal | None]
"""One access and whose thing was named (None: `@me`)."""


class Operation(Protocol):
    """A parsed host call. `asks` are tried in order; `target` is how records name what was asked for."""

    @property
    def name(self) -> str:
        """The word for it in records."""

    @property
    def target(self) -> str:
        """What it is about, as the language writes it."""

    @property
    def asks(self) -> tuple[Ask, ...]:
        """Which accesses it needs decided; none for what every frame may do."""


class Seen(StrEnum):
    """How a host call ended, as its record says."""

    GRANTED = "granted"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    NOOP = "no-op"
    ERROR = "error"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Unit:
    """Code to be loaded: `key` names it inside one evaluation; `parts` go to the runtime's `load` after the key."""

    key: str
    name: str
    parts: tuple[Value, ...]


class Values(NamedTuple):
    """Answer with one plain value, or with several as a JavaScript array."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Answer with what `unit` comes to in the guest of this author and authority."""

    author: Principal
    authority: Authority
    unit: Unit


@dataclass(frozen=True, slots=True)
class Later:
    """Answer with a promise of what the awaitable gives."""

    work: Callable[[], Awaitable[Value]]


@dataclass(frozen=True, slots=True)
class Throw:
    """Answer by throwing this into the guest: a verdict of the table, not a failure."""

    error: Refusal


class Answer(NamedTuple):
    """What a capability answers: the reply, and what the record keeps of it."""

    reply: Values | Load | Later | Throw
    seen: Seen = Seen.GRANTED
    row: int | None = None
    effect: bool = False
    recorded: bool = True


NOTHING = Values((None,))


@dataclass(slots=True)
class Node:
    """One entry of an evaluation's tree of calls: a host call, or a function handed over with its uses."""

    id: int
    parent: int | None
    author: str
    authority: Authority
    capability: str
    op: str
    target: str
    seen: str = Seen.GRANTED
    row: int | None = None
    effect: bool = False
    recorded: bool = True
    uses: int = 0
    giver: str | None = None
    to: str | None = None
    answer: str | None = None
    """What came back, where a record keeps that; as JSON."""


class Recorder(Protocol):
    """Where nodes go. `open` gives a node its number; `close` is called when its verdict is known."""

    def open(self, node: Node) -> None:
        """Take a node that has just begun."""

    def close(self, node: Node) -> None:
        """Take the verdict of a host call."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a guest may be born of: a program (what that is, the engine knows), and the units in it, by key with their names."""

    program: object
    units: Mapping[str, str]


PLAIN = Start(None, {})
"""Of the image that all share, with no units: who was born so stays so, whatever is made meanwhile."""


class Run:
    """What one evaluation's host calls share: its identity, its limits and its counters.

    `starts` says what the guest of a frame is to be born of, and once it is born what it was: then nobody changes it.
    `idle` is what the run comes to when nothing is left that could go on; None: that is a deadlock.
    `worked` are processor seconds of the host's work beside the guests; they are paid for when a guest is next done with a slice.
    """

    __slots__ = ("evaluation", "idle", "limits", "recorder", "spent", "starts", "state", "worked")

    def __init__(self, evaluation: str, limits: Limits, recorder: Recorder) -> None:
        """Begin with nothing spent."""
        self.evaluation, self.limits, self.recorder = evaluation, limits, recorder
        self.spent: dict[str, int] = {}
        self.state: dict[str, object] = {}
        self.starts: dict[Frame, Start] = {}
        self.idle: tuple[Value, ...] | None = None
        self.worked = 0.0

    def spend(self, what: str, amount: int, limit: int, unit: str) -> None:
        """Count `amount` of `what`; raise LimitError that names the limit when it would be passed."""
        used = self.spent.get(what, 0) + amount
        if used > limit:
            raise LimitError(f"an evaluation may use {limit} {unit}, and this would be more")
        self.spent[what] = used


class Call(NamedTuple):
    """One host call on its way to the effect: who asks, in which run, and what the table said to each ask."""

    run: Run
    frame: Frame
    decisions: tuple[Decision, ...]
    source: str
    """The val whose code asks, as records name it."""
    node: Node
    """Its place in the record: what goes on later says there how it went on."""


class Capability(Protocol):
    """A kind of authority. Its effects act as the principal of the decision, never as the caller by habit."""

    @property
    def name(self) -> str:
        """The word guests and records use."""

    @property
    def parsers(self) -> Mapping[int, Callable[[tuple[Value, ...]], Operation]]:
        """Each op's number and the parser that refuses what it does not understand."""

    def grant(self, frame: Frame) -> bool:
        """Whether guests of this frame hold a handle for it."""

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Do it, as the decisions allow; raise a Refusal to throw into the guest."""


Decided = tuple[Operation, tuple[Decision, ...]]
Known = dict[tuple[Capability, int, bytes], Decided]
"""What the questions of one frame came to, by capability, operation and payload.

An operation is the same for the same bytes, nothing that a capability does changes it, and the table does not change.
"""
