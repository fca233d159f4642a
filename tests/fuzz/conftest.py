"""Which slice a test run hunts: another with every commit, the same for everybody who has that commit, and said at the end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import puppet
from tests.kernel.stage import Stage


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
