"""A world of live guests, as tests/semantics has it; at the end of the run, how many cases of each suite passed."""

from __future__ import annotations

import pytest

from tests.semantics.conftest import engine_room, world

__all__ = ["engine_room", "world"]

COUNTS = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COUNTS] = {}


@pytest.fixture
def counts(pytestconfig: pytest.Config) -> dict[str, str]:
    """What the terminal's summary says of each suite."""
    return pytestconfig.stash[COUNTS]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[COUNTS]:
        terminalreporter.section("conformance")
    for suite, line in config.stash[COUNTS].items():
        terminalreporter.line(f"{suite}: {line}")
