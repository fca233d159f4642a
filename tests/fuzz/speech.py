"""What puppets say: messages as a guest of ours writes them, put together from parts, and now and then changed byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from kernel import wire
from kernel.wire import Kind, Op, Ref, Result
from tests.fuzz.bytes_of_guests import PAYLOADS
from tests.fuzz.mutate import WORDS, mutated
from tests.kernel.stage import INBOX, INBOX_SIZE, head

CAPABILITIES = range(2, 10)
"""Handles of what puppet.play grants, without the strings."""
HANDLES = range(2, 18)
EXPORTS = range(1, 7)
STATUSES = (0, 0, 0, *[Result.JOBS] * 9, wire.THREW, 2, 4, wire.THREW | Result.JOBS, Result.ATTENTION, 0xFFF)
LARGE = wire.encode("x" * 700)


def reference(chance: Random) -> int:
    match chance.randrange(20):
        case 0:
            return chance.choice(WORDS)
        case 1:
            return chance.choice(CAPABILITIES) << wire.KIND_BITS | Ref.HANDLE
        case number if number < 9:
            return chance.choice(HANDLES) << wire.KIND_BITS | chance.randrange(8) << 1 | Ref.HANDLE
        case _:
            return chance.choice(EXPORTS) << wire.KIND_BITS | chance.choice((Ref.PROMISE, Ref.CALLABLE, wire.NATURE, 0))


def references(chance: Random) -> tuple[int, ...]:
    return tuple(reference(chance) for _ in range(chance.choice((0, 0, 1, 1, 2, 5, 15))))


def released(chance: Random) -> tuple[int, ...]:
    return tuple(chance.choice(HANDLES) for _ in range(chance.choice((0, 0, 0, 1, 3))))


def payload(chance: Random) -> bytes:
    match chance.randrange(12):
        case 0:
            return LARGE
        case 1:
            return mutated(chance, PAYLOADS)
        case _:
            return chance.choice(PAYLOADS)


def said(chance: Random, kind: int, op: int, target: int) -> bytes:
    capacity = chance.choice((INBOX_SIZE, INBOX_SIZE, INBOX_SIZE, 24, 0))
    return head(kind, op, target, references(chance), released(chance), payload(chance), inbox=INBOX, capacity=capacity)


def ask(chance: Random) -> bytes:
    """A capability: mostly in a way that it understands."""
    if chance.random() < 0.8:
        return head(Kind.CALL, 1, chance.choice(CAPABILITIES), payload=chance.choice(PAYLOADS[:14]))
    return said(chance, Kind.CALL, chance.randrange(4), chance.choice(CAPABILITIES))


def use(chance: Random) -> bytes:
    """Another's object."""
    op = chance.randrange(1, Op.INVOKE + 1) if chance.random() < 0.95 else chance.choice((0, *Op, *WORDS))
    return said(chance, Kind.CALL, op, chance.choice(HANDLES))


def answer(chance: Random) -> bytes:
    return said(chance, Kind.RESULT, chance.choice(STATUSES), 0)


def settle(chance: Random) -> bytes:
    return said(chance, Kind.SETTLE, chance.randrange(2), chance.choice(EXPORTS))


def wait(chance: Random) -> bytes:
    return said(chance, Kind.WAIT, 0, 0)


def odd(chance: Random) -> bytes:
    """What a guest of ours would not say, or not now."""
    return said(chance, chance.choice((Kind.FETCH, Kind.READY, Kind.EXHAUSTED, 0, 99)), 0, 0)


def finish(chance: Random) -> bytes:
    return said(chance, Kind.RESULT, Result.FINISHED | chance.choice((0, Result.JOBS, Result.ATTENTION)), 0)


SAYING: tuple[tuple[Callable[[Random], bytes], int], ...] = (
    (ask, 25),
    (use, 30),
    (answer, 20),
    (settle, 10),
    (wait, 4),
    (finish, 1),
    (odd, 1),
)
KINDS, WEIGHTS = zip(*SAYING, strict=True)


def speech(chance: Random) -> Iterator[bytes]:
    """Yield what to say next, without end. The first of them makes a second guest, or nobody would be there to talk to."""
    mad = chance.choice((0.0, 0.0, 0.02, 0.2))
    yield head(Kind.CALL, 1, 2)
    while True:
        (make,) = chance.choices(KINDS, WEIGHTS)
        text = make(chance)
        yield mutated(chance, (text,), intact=0) if chance.random() < mad else text
