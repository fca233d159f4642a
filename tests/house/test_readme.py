"""What the READMEs tell a stranger to type is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READMES = sorted(
    path for path in ROOT.rglob("README.md") if not {".venv", "node_modules", ".build", "build"} & set(path.parts)
)


def shell_lines(markdown: str) -> list[str]:
    """Each line of each block of shell in a page."""
    return [
        line for block in re.findall(r"```sh\n(.*?)```", markdown, re.DOTALL) for line in block.splitlines() if line
    ]


def targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z]+):(?!=)", makefile, re.MULTILINE))


def make_words(markdown: str) -> set[str]:
    """Every target that a page names as a command."""
    return set(re.findall(r"(?:`|^)make ([a-z]+)", markdown, re.MULTILINE))


def valgate_commands(markdown: str) -> list[list[str]]:
    """The words before the first argument of each `valgate` line: `["user", "add"]`."""
    parts = [part.strip() for line in shell_lines(markdown) for part in re.split(r"[|]", line)]
    lines = [shlex.split(part) for part in parts if part.startswith("valgate ")]
    return [line[1:3] if line[1] in {"user", "secret", "token", "val"} else line[1:2] for line in lines]


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_make_command_of_a_page_is_in_the_makefile(page: Path) -> None:
    assert make_words(page.read_text()) <= targets((ROOT / "Makefile").read_text())


@pytest.mark.parametrize("words", valgate_commands((ROOT / "README.md").read_text()), ids=" ".join)
def test_a_valgate_command_of_the_readme_has_help(words: list[str]) -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("valgate"), *words, "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr
    assert " ".join(words) in ran.stdout


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_each_file_that_a_room_lists_is_there() -> None:
    gone = {
        f"{room}/{name}"
        for room in ("kernel", "host_api", "guests")
        for name in re.findall(r"^\| `([\w./]+)`", (ROOT / room / "README.md").read_text(), re.MULTILINE)
        if ("." in name or name.endswith("/")) and not (ROOT / room / name).exists()
    }
    assert gone == set()


def test_each_decision_stands_in_the_index() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    pages = [path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")]
    assert [name for name in pages if f"]({name})" not in index] == []


def test_the_table_of_the_readme_has_its_thirteen_rows() -> None:
    rows = re.findall(r"^\| (\d+) \| `", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 14)]


def test_continuous_integration_runs_the_command_that_the_readme_names() -> None:
    assert "make test" in shell_lines((ROOT / "README.md").read_text())
    assert "make test " in (ROOT / ".ci" / "run").read_text()


def test_a_command_that_is_not_there_would_be_seen() -> None:
    assert make_words("```sh\nmake nothing\n```") - targets("serve: x\nBIN := y\n") == {"nothing"}
    assert valgate_commands("```sh\necho x | valgate user add carol\n```") == [["user", "add"]]
