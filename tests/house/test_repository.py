"""What is committed: sources, and nothing that is built, secret, or true of one machine only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# Put together here, so that this file is not a finding of its own.
REGISTRY = re.compile(
    "|".join(
        map(
            re.escape,
            ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com"),
        )
    )
)
MACHINE = re.compile(r"(?<![\w.~$}/-])/(?:work|root|home|Users|opt|mnt)/[\w.-]+")
BUILT = re.compile(r"\.(wasm|cwasm|so|o|pyc|whl|gz|zip|db|key|pem)$")
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\bvg_[A-Za-z0-9_-]{43}\b")
LARGEST = 400_000


def text(path: Path) -> str:
    """The text of a file, whatever it holds."""
    return path.read_text(encoding="utf-8", errors="replace")


def found(pattern: re.Pattern[str], committed: list[Path], root: Path) -> dict[str, str]:
    """For each committed file in which the pattern occurs, its first occurrence."""
    hits = ((path, pattern.search(text(path))) for path in committed)
    return {path.relative_to(root).as_posix(): hit.group() for path, hit in hits if hit}


def test_no_registry_is_named(committed: list[Path], root: Path) -> None:
    assert found(REGISTRY, committed, root) == {}


def test_no_path_of_one_machine_is_named(committed: list[Path], root: Path) -> None:
    others = [path for path in committed if path != Path(__file__)]
    assert found(MACHINE, others, root) == {}


def test_no_secret_is_committed(committed: list[Path], root: Path) -> None:
    assert found(SECRET, committed, root) == {}


def test_nothing_built_is_committed(committed: list[Path], root: Path) -> None:
    names = [path.relative_to(root).as_posix() for path in committed]
    assert [name for name in names if BUILT.search(name) or name.startswith("guests/build/")] == []


def test_no_file_is_too_large_to_read(committed: list[Path]) -> None:
    assert {path.name: size for path in committed if (size := path.stat().st_size) > LARGEST} == {}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRY, "resolved: https://registry.npm" + "js.org/acorn"),
        (MACHINE, "see /home/" + "alice/notes"),
        (MACHINE, 'Path("/' + "work/" + 'main")'),
        (BUILT, "guests/engine.wasm"),
        (SECRET, "vg_" + "a" * 43),
    ],
)
def test_each_pattern_finds_what_it_is_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize("text", ["GET /v1/run/alice.add", "sqlite:////abs.db", "../home/x", "~/work/x", "host/home/x"])
def test_an_innocent_path_is_not_found(text: str) -> None:
    assert not MACHINE.search(text)
