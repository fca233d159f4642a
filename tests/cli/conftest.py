"""The command line, as a user has it: a database of its own, and either this process or a real one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from host_api import cli

SCRIPT = str(Path(sys.executable).with_name("valgate"))


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str

    def insist(self) -> str:
        """Return what a command that succeeded printed."""
        assert self.status == 0, self.err
        return self.out


Run = Callable[..., Ended]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "valgate.db"
    monkeypatch.setenv("VALGATE_DB", str(path))
    return path


@pytest.fixture
def valgate(database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process: fast."""

    def run(*words: str, stdin: str | bytes = "") -> Ended:
        given = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
        capsys.readouterr()
        try:
            status = cli.main(words)
        except SystemExit as left:
            status = int(left.code or 0)
        return Ended(status, *capsys.readouterr())

    kept = structlog.get_config()
    yield run
    structlog.configure(**kept)


@pytest.fixture
def process(database: Path) -> Run:
    """Run the installed `valgate`, as a user does."""

    def run(*words: str, stdin: str = "", **environment: str) -> Ended:
        ended = subprocess.run(
            [SCRIPT, *words], input=stdin, capture_output=True, text=True, check=False, env=os.environ | environment
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def start(database: Path) -> Start:
    """Start the installed `valgate` and let it run."""

    def run(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [SCRIPT, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return run
