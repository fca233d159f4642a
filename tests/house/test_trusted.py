"""The trusted files stay small enough to be read, and each opens with what it is and what it does not know."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

MOST_LINES = {"policy": 100, "kernel": 3800}


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def kernel_files(root: Path) -> list[Path]:
    return sorted(path for path in (root / "kernel").glob("*.py"))


def test_the_policy_is_read_in_five_minutes(root: Path) -> None:
    assert 10 < lines(root / "kernel" / "policy.py") < MOST_LINES["policy"]


def test_the_kernel_is_read_in_an_afternoon(root: Path) -> None:
    assert sum(map(lines, kernel_files(root))) < MOST_LINES["kernel"]


def trusted(makefile: str) -> set[str]:
    """The files that `make coverage` and `make lines` count."""
    listed = re.search(r"^TRUSTED := (.*?[^\\])\n", makefile, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"(\w+)\.py\b", listed[1])) if listed else set()


def test_the_makefile_counts_every_file_of_the_kernel_that_decides_something(root: Path) -> None:
    plain = {"__init__", "limits"}
    assert trusted((root / "Makefile").read_text()) == {path.stem for path in kernel_files(root)} - plain


def test_each_file_of_the_kernel_says_what_it_is_for(root: Path) -> None:
    silent = [path.name for path in kernel_files(root) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


@pytest.mark.parametrize("switch", ["skip_checks", "SKIP_CHECKS", "TEST_MODE", "test_mode", "DISABLE_POLICY"])
def test_no_switch_turns_the_checks_off(switch: str, root: Path) -> None:
    assert [path.name for path in kernel_files(root) if switch in path.read_text()] == []
