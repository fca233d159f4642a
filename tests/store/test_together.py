"""Records that are written together are, byte for byte, those that are written one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_api.store import EvaluationRow, State, connect, evaluations

PLAIN = EvaluationRow(id="", caller="alice", requester=None, source="api", policy="restricted", started=1)
ALL = "SELECT * FROM evaluations ORDER BY seq"
KINDS = f"SELECT {', '.join(f'typeof({name})' for name in evaluations._NAMES)} FROM evaluations ORDER BY seq"  # noqa: S608 — our own field names

NASTY = [
    "",
    "\0",
    "a\0b",
    "\\u0000",
    '"\\',
    "\u2028\u2029\ufeff\uffff",
    "😀 \x01\x1f\x7f",
    "'); DROP TABLE evaluations; --",
    "[1, null]",
    "null",
    "1e400",
    "12345678901234567890",
    "x" * 70_000,
]
NO_TEXT = [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"a\xf0\x9f"]

texts = st.one_of(st.text(st.characters(codec="utf-8")), st.sampled_from(NASTY))
bodies = st.one_of(st.none(), texts.map(str.encode), st.binary(max_size=20), st.sampled_from(NO_TEXT))
numbers = st.integers(min_value=0, max_value=1 << 52)
rows = st.builds(
    EvaluationRow,
    id=st.uuids().map(str),
    caller=st.none() | texts,
    requester=st.none() | texts,
    source=st.sampled_from(["api", "ui", "cli"]),
    policy=st.sampled_from(["restricted", "strict"]),
    started=numbers,
    code=st.none() | texts | st.just("half \ud800 a character"),
    entry_owner=st.none() | texts,
    entry_version=st.none() | numbers,
    args=bodies,
    value=bodies,
    error=bodies,
    logs=bodies,
    emails=bodies,
    calls=bodies,
    ended=st.none() | numbers,
    cpu_us=numbers,
    effects=numbers,
    state=st.sampled_from(State),
    parent=st.none() | texts,
)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    paths = tmp_path / "one.db", tmp_path / "other.db"
    for path in paths:
        connect.open_reader(path).close()
    with closing(connect.connect(paths[0])) as one, closing(connect.connect(paths[1])) as other:
        yield one, other


def told(rows: Sequence[EvaluationRow]) -> list[evaluations.Told]:
    return [evaluations.told(row, "p", row.weight) for row in rows]


def statements(database: sqlite3.Connection, rows: Sequence[EvaluationRow]) -> int:
    """Write them; return how many statements that were."""
    seen: list[str] = []
    database.set_trace_callback(seen.append)
    evaluations.record(database, told(rows))
    database.set_trace_callback(None)
    return sum(one.startswith("INSERT") for one in seen)


def both(
    two: tuple[sqlite3.Connection, sqlite3.Connection], written: Sequence[EvaluationRow]
) -> list[tuple[object, ...]]:
    """Write them together and one by one; return what is there, which is the same."""
    together, alone = two
    for database in two:
        database.execute("DELETE FROM evaluations")
    evaluations.record(together, told(written))
    for row in written:
        evaluations.record(alone, [evaluations._listed(row, "p")])
    for query in (ALL, KINDS):
        assert together.execute(query).fetchall() == alone.execute(query).fetchall()
    return together.execute("SELECT id, args, code FROM evaluations ORDER BY seq").fetchall()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(written=st.lists(rows, min_size=5, max_size=9, unique_by=lambda row: row.id))
def test_any_rows_are_the_same_together_and_alone(
    two: tuple[sqlite3.Connection, sqlite3.Connection], written: list[EvaluationRow]
) -> None:
    both(two, written)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_any_text_is_the_same_together_and_alone(two: tuple[sqlite3.Connection, sqlite3.Connection], text: str) -> None:
    each = [replace(PLAIN, id=str(n), args=text.encode(), code=text, entry_name=text) for n in range(9)]
    assert both(two, each) == [(str(n), text.encode(), text) for n in range(9)]


@pytest.mark.parametrize("body", NO_TEXT, ids=repr)
def test_bytes_that_are_no_text_are_kept(two: tuple[sqlite3.Connection, sqlite3.Connection], body: bytes) -> None:
    each = [replace(PLAIN, id=str(n), args=body if n == 4 else b"[]") for n in range(9)]
    assert both(two, each)[4] == ("4", body, None)


def test_what_is_written_together_is_one_statement(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    """Else the tests above would show nothing, and each row would take the interpreter from those who run."""
    assert statements(two[0], [replace(PLAIN, id=str(n)) for n in range(300)]) == 1


def test_what_is_large_goes_by_itself(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    """To put many megabytes into one text would keep the interpreter from everybody."""
    large = b"x" * 20_000
    each = [replace(PLAIN, id=str(n), args=large if n in {3, 4, 9} else b"[]") for n in range(30)]
    assert statements(two[0], each) == 3 + 3
    assert both(two, each)[3][1] == large


def test_a_start_and_its_end_may_come_together(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    started = [replace(PLAIN, id=str(n)) for n in range(6)]
    ended = [replace(row, state=State.DONE, args=b"[]", ended=9) for row in started]
    assert both(two, [*started, *ended]) == [(str(n), b"[]", None) for n in range(6)]


def test_a_row_that_cannot_be_kept_takes_no_other_with_it_unseen(
    two: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    """It raises, and whoever called writes each by itself."""
    each = [replace(PLAIN, id=str(n), entry_name="\ud800" if n == 3 else "x") for n in range(9)]
    with pytest.raises(UnicodeEncodeError):
        evaluations.record(two[0], told(each))
