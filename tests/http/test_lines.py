"""The log's lines are written together, whole, and none is late that matters."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from datetime import UTC, datetime

import pytest
import structlog

from host_api import logs
from host_api.lines import WHOLE, Lines


class Stream(io.StringIO):
    """Remembers each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


async def test_lines_of_a_moment_are_one_write() -> None:
    stream = Stream()
    lines = Lines(stream)
    for number in range(3):
        lines.info(f"{number}")
    assert stream.writes == []
    async with asyncio.timeout(30):
        while not stream.writes:  # noqa: ASYNC110 - a timer of another's
            await asyncio.sleep(0.01)
    assert stream.writes == ["0\n1\n2\n"]


async def test_an_error_is_written_at_once_behind_what_was_said_before() -> None:
    stream = Stream()
    lines = Lines(stream)
    lines.info("before")
    lines.error("broken")
    assert stream.writes == ["before\nbroken\n"]


async def test_no_write_is_larger_than_a_pipe_takes_at_once_and_no_line_is_torn() -> None:
    stream = Stream()
    lines = Lines(stream)
    said = ["x" * 300] * 50 + ["é" * 3000, "y" * 2 * WHOLE]
    for line in said:
        lines.info(line)
    lines.flush()
    assert "".join(stream.writes).splitlines() == said
    assert all(len(text.encode()) <= WHOLE for text in stream.writes if text.count("\n") > 1)


def test_without_a_loop_a_line_is_written_at_once() -> None:
    stream = Stream()
    Lines(stream).info("now")
    assert stream.writes == ["now\n"]


async def test_so_many_lines_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_api.lines.MOST", 2)
    stream = Stream()
    lines = Lines(stream)
    lines.info("1")
    lines.info("2")
    assert stream.writes == ["1\n2\n"]


@pytest.mark.parametrize("terminal", [True, False])
async def test_the_line_of_an_evaluation_tells_when_it_was_said_and_not_when_it_was_written(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    stream, kept = Stream(), structlog.get_config()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    try:
        lines = logs.to_stderr()
        logs.say({"evaluation": "one", "event": "evaluation"})
        structlog.get_logger().info("behind it")
        later = datetime.now(UTC)
        while datetime.now(UTC) == later:
            pass
        lines.flush()
    finally:
        structlog.configure(**kept)
    first, second = "".join(stream.writes).splitlines()
    assert "behind it" in second
    assert logs.AT not in first
    if not terminal:
        told = json.loads(first)
        assert list(told) == ["evaluation", "event", "level", "timestamp"]
        assert datetime.fromisoformat(told["timestamp"]) <= later


def test_a_line_is_json_whatever_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, kept = Stream(), structlog.get_config()
    monkeypatch.setattr(sys, "stderr", stream)
    try:
        logs.to_stderr()
        log = structlog.get_logger()
        log.info("said", half="\ud800", one=1, other=logging)
        log.debug("never said")
    finally:
        structlog.configure(**kept)
    (told,) = (json.loads(text) for text in stream.writes)
    assert (told["event"], told["level"], told["half"], told["one"]) == ("said", "info", "\ud800", 1)
    assert told["timestamp"].endswith("Z")
