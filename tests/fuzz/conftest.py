"""Which slice a test run hunts: another with every commit, the same for everybody who has that commit, and said at the end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import puppet
from tests.fuzz.hunt import Slice
from tests.kernel.stage import Stage

FOUND = pytest.StashKey[list[Slice]]()


def seed_of_this_commit() -> str:
    """Return FUZZ_SEED, or the commit's first digits; "1" where there is no commit."""
    told = subprocess.run(
        ["git", "rev-parse", "--short=8", "HEAD"],
        cwd=Path(__file__).parent,
        check=False,
        capture_output=True,
        text=True,
    )
    return os.environ.get("FUZZ_SEED") or told.stdout.strip() or "1"


@pytest.fixture(scope="module")
def theatre() -> Iterator[Stage]:
    with puppet.theatre() as stage:
        yield stage


@pytest.fixture
def found(request: pytest.FixtureRequest) -> list[Slice]:
    return request.config.stash.setdefault(FOUND, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for one in config.stash.get(FOUND, []):
        terminalreporter.write_line(f"fuzz: {one.line()}; again with FUZZ_SEED={one.seed}")
