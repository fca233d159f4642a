"""A capability is three files and a row: its half in Python, its half in JavaScript, its test, its line in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOM = ROOT / "host_api" / "capabilities"


def capabilities(room: Path) -> list[str]:
    """The names of the files that grant something; the others in the room are what these share."""
    return sorted(path.stem for path in room.glob("*.py") if "def grant(" in path.read_text())


NAMES = capabilities(ROOM)


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


@pytest.mark.parametrize("name", NAMES)
def test_a_capability_stands_in_the_list(name: str) -> None:
    assert f"from host_api.capabilities.{name} import" in (ROOM / "__init__.py").read_text()


def test_a_capability_without_its_parts_is_seen(root: Path) -> None:
    assert len(missing("no_such_thing", root)) == 3
