"""What the READMEs tell a stranger to type is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("kernel", "host_api", "guests", "bench", "tests")
READMES = sorted(
    path
    for path in ROOT.rglob("README.md")
    if not {".venv", ".pytest_cache", "node_modules", ".build", "build"} & set(path.parts)
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
    return [line[1:3] if line[1] in {"user", "secret", "token", "key", "val"} else line[1:2] for line in lines]


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
        for room in ROOMS
        for name in re.findall(r"^\| `([\w./]+)`", (ROOT / room / "README.md").read_text(), re.MULTILINE)
        if ("." in name or name.endswith("/")) and not (ROOT / room / name).exists()
    }
    assert gone == set()


def curl_lines(markdown: str) -> list[str]:
    return [line for line in shell_lines(markdown) if line.startswith("curl ")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server as `make serve` starts it, on a scratch database and a port that it finds by itself; its address."""
    environ = {**os.environ, "VALGATE_DB": f"sqlite:///{tmp_path_factory.mktemp('served') / 'valgate.db'}"}
    words = [str(Path(sys.executable).with_name("valgate")), "serve", "--demo", "--port", "0"]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://(127\.0\.0\.1:\d+)$", said.strip())
            assert found is not None, f"the server does not say where it is; it ended with {process.poll()}: {said}"
            yield found[1]
        finally:
            process.terminate()


ANSWERS = {
    "/v1/eval": '"HELLO! said bob"',
    "/v1/run/bob.shout": '"HELLO!"',
    "alice-page.localhost": "<h1>Hello, Ada</h1>",
    "/v1/alias/alice/page": '"name":"page"',
}
"""What the README's lines print, by a part of each."""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("line", curl_lines((ROOT / "README.md").read_text()))
def test_a_curl_of_the_readme_works_as_pasted(line: str, server: str) -> None:
    ran = subprocess.run(
        ["sh", "-c", line.replace("8787", server.rpartition(":")[2])],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr
    assert [text for place, text in ANSWERS.items() if place in line and text in ran.stdout], ran.stdout


def test_each_decision_stands_in_the_index() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    pages = [path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")]
    assert [name for name in pages if f"[{name[:4]}]({name})" not in index] == []
    assert len({name[:4] for name in pages}) == len(pages)


def unlisted(room: Path, page: str) -> set[str]:
    """What stands in a room and not in its page; what every room has is left out."""
    usual = {"__init__.py", "conftest.py", "build", "results"}
    names = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in room.iterdir()
        if path.is_dir() or path.suffix == ".py"
    }
    return {name for name in names if name.strip("/") not in usual and name[0] not in "._" and f"`{name}`" not in page}


@pytest.mark.parametrize(
    "room", [*ROOMS, "host_api/compiler", "host_api/evaluating", "host_api/http", "host_api/store"]
)
def test_each_file_of_a_room_stands_in_its_page(room: str) -> None:
    assert unlisted(ROOT / room, (ROOT / room / "README.md").read_text()) == set()


def test_an_unlisted_file_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "new.py").touch()
    (tmp_path / "room").mkdir()
    assert unlisted(tmp_path, "| `old.py` |") == {"new.py", "room/"}


def test_the_table_of_the_readme_has_its_thirteen_rows() -> None:
    rows = re.findall(r"^\| (\d+) \| `", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 14)]


def test_continuous_integration_runs_the_command_that_the_readme_names() -> None:
    assert "make test" in shell_lines((ROOT / "README.md").read_text())
    assert "make test " in (ROOT / ".ci" / "run").read_text()


def test_a_command_that_is_not_there_would_be_seen() -> None:
    assert make_words("```sh\nmake nothing\n```") - targets("serve: x\nBIN := y\n") == {"nothing"}
    assert valgate_commands("```sh\necho x | valgate user add carol\n```") == [["user", "add"]]
