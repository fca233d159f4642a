"""A capability is three files and a row: its half in Python, its half in JavaScript, its test, its line in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "host_api" / "capabilities").glob("*.py") if path.stem != "__init__")


def missing(name: str, root: Path) -> list[str]:
    """Which of its other parts a capability lacks."""
    parts = {
        f"guests/runtime/{name}.js": (root / "guests" / "runtime" / f"{name}.js").is_file(),
        f"tests/capabilities/test_{name}.py": (root / "tests" / "capabilities" / f"test_{name}.py").is_file(),
        "a row in host_api/README.md": f"\n| `{name}` |" in (root / "host_api" / "README.md").read_text(),
    }
    return [part for part, there in parts.items() if not there]


def test_there_are_capabilities() -> None:
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_capability_has_its_other_half_its_test_and_its_row(name: str, root: Path) -> None:
    assert missing(name, root) == []


def test_a_capability_without_its_parts_is_seen(root: Path) -> None:
    assert len(missing("no_such_thing", root)) == 3
