"""No module of ours is named like one of the standard library: one wrong sys.path would swap them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The owner of the project names this room so; nothing in it is ever a top-level name.
NAMED_BY_DESIGN = frozenset({"host_api/http"})


def shadowing(name: str) -> bool:
    """Whether a path without its ending, from the root, ends in a name of the standard library."""
    return name.rpartition("/")[2] in sys.stdlib_module_names - {"__future__"} and name not in NAMED_BY_DESIGN


def modules(root: Path) -> list[str]:
    files = [path for package in ("kernel", "host_api", "guests") for path in (root / package).rglob("*.py")]
    names = [path.parent if path.name == "__init__.py" else path.with_suffix("") for path in files]
    return [name.relative_to(root).as_posix() for name in names if "build/" not in name.as_posix()]


def test_no_module_is_named_like_one_of_the_standard_library(root: Path) -> None:
    assert [name for name in modules(root) if shadowing(name)] == []


@pytest.mark.parametrize("name", ["host_api/capabilities/email", "kernel/secrets", "host_api/commands/token"])
def test_a_shadowing_name_would_be_seen(name: str) -> None:
    assert shadowing(name)


def test_tests_are_no_package(root: Path) -> None:
    assert list((root / "tests").rglob("__init__.py")) == []
