"""A short hunt in every test run, and everything that ever was found, again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import wire
from kernel.errors import BadRequest
from kernel.guest import Guest, Thing
from kernel.wire import Kind, Op, Ref, Value
from tests.fuzz import hunt, puppet
from tests.fuzz.bytes_of_guests import PAYLOADS
from tests.fuzz.conftest import seed_of_this_commit
from tests.fuzz.hunt import Bytes, Plays, joined, parted
from tests.kernel.stage import Stage, head


def target_of(name: str, theatre: Stage) -> hunt.Target:
    return Plays(theatre) if name == Plays.name else Bytes()


@pytest.mark.parametrize("name", [Bytes.name, Plays.name])
async def test_the_corpus_breaks_nothing(theatre: Stage, name: str) -> None:
    outcomes = await hunt.replay(target_of(name, theatre))
    assert len(outcomes) > 10


@pytest.mark.parametrize(("name", "messages"), [(Bytes.name, 30_000), (Plays.name, 4_000)])
async def test_a_slice_of_this_commit_breaks_nothing(
    theatre: Stage, closing: dict[str, dict[str, str]], name: str, messages: int
) -> None:
    found = await hunt.hunt(target_of(name, theatre), seed_of_this_commit(), messages)
    closing.setdefault("fuzz", {})[name] = (
        f"{found.line().removeprefix(name).strip()}; again with FUZZ_SEED={found.seed}"
    )
    assert found.crashes == []
    assert len(found.outcomes) > 5


async def test_a_slice_is_the_same_each_time(theatre: Stage) -> None:
    for name in (Bytes.name, Plays.name):
        first, second = [(await hunt.hunt(target_of(name, theatre), "7", 500)).outcomes for _ in range(2)]
        assert first == second


WORDS = st.integers(0, 40) | st.integers(0, 2**32 - 1)
REFERENCES = st.builds(
    lambda number, flags: number << wire.KIND_BITS | flags, st.integers(1, 12), st.integers(0, wire.FLAGS)
)
LISTS = st.lists(REFERENCES | WORDS, max_size=4).map(tuple)
SAID = st.builds(
    head,
    st.sampled_from([Kind.CALL, Kind.CALL, Kind.RESULT, Kind.RESULT, Kind.SETTLE, Kind.WAIT, Kind.FETCH]),
    st.sampled_from([*Op, 0x100, 0x200, 0x400]) | WORDS,
    st.integers(0, 12) | WORDS,
    LISTS,
    st.lists(st.integers(2, 12), max_size=3).map(tuple),
    st.sampled_from(PAYLOADS) | st.binary(max_size=30),
)


@settings(max_examples=60)
@given(st.lists(SAID, max_size=12))
async def test_whatever_is_said_in_whatever_order_comes_to_an_end_with_its_books_in_order(said: list[bytes]) -> None:
    """The same as a slice, by hypothesis: slower, and what it finds it makes small."""
    with puppet.theatre() as stage:
        ending, _ = await puppet.play(stage, [head(Kind.CALL, 1, 2), *said])
    assert ending


# -- the hunter itself ------------------------------------------------------------------------------------


def test_a_play_is_read_as_it_was_written_and_as_far_as_it_goes() -> None:
    said = [b"", b"one", b"x" * 5000]
    assert list(parted(joined(said))) == said
    assert list(parted(joined(said)[:-1])) == [b"", b"one", b"x" * 4999]


async def test_a_decoder_that_breaks_is_found_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def careless(payload: bytes) -> tuple[Value, ...]:
        if payload[:1] == bytes([wire.Tag.BACK]):
            raise IndexError
        raise BadRequest("no")

    monkeypatch.setattr(hunt, "CORPUS", tmp_path)
    monkeypatch.setattr(wire, "decode", careless)
    slice_ = await hunt.hunt(Bytes(), "1", 3_000)
    assert slice_.crashes
    for path in slice_.crashes:
        with pytest.raises(IndexError):
            await Bytes().replay(path.read_bytes())


async def test_books_that_are_wrong_are_found(theatre: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def forgetful(guest: Guest, thing: Thing) -> tuple[int, bool]:
        number, fresh = guest.handles.grant(thing)
        return number << wire.KIND_BITS | Ref.HANDLE, fresh

    monkeypatch.setattr(hunt, "CORPUS", tmp_path)
    monkeypatch.setattr(Guest, "word_for", forgetful)
    assert (await hunt.hunt(Plays(theatre), "1", 300)).crashes
