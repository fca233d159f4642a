"""Put the peers into a folder of their own, `bench/.peers`, by the clients of PyPI and npm: pinned, with hashes, no script of theirs run.

Nothing of it is ever on the path of Valgate, nor in its environment.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent / ".peers"
PYTHON = FOLDER / ".venv" / "bin" / "python"
MODULES = FOLDER / "node_modules"
PINNED = ("package.json", "package-lock.json", "requirements.txt")
STAMP = FOLDER / "installed"


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one of the two could not be installed."""

    client: str
    why: str


def install(say: Callable[[str], None]) -> list[Failed]:
    """Install what is not there yet; return what failed, which spoils only those who need it."""
    pinned = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINNED)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == pinned:
        return []
    FOLDER.mkdir(exist_ok=True)
    say(f"— installing the peers into {FOLDER.name} (a minute, once)")
    failed = [one for one in (_npm(), _pip()) if one]
    if not failed:
        STAMP.write_text(pinned)
    return failed


def _npm() -> Failed | None:
    for name in PINNED[:2]:
        shutil.copy(HERE / name, FOLDER / name)
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    return _ran("npm", words)


def _pip() -> Failed | None:
    made = _ran("venv", [sys.executable, "-m", "venv", str(FOLDER / ".venv")])
    pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    return made or _ran("pip", [*pip, "--require-hashes", "--only-binary=:all:", "-r", str(HERE / PINNED[2])])


def _ran(client: str, words: list[str]) -> Failed | None:
    try:
        ran = subprocess.run(words, cwd=FOLDER, check=False, capture_output=True, text=True)
    except OSError as gone:
        return Failed(client, str(gone.strerror))
    if not ran.returncode:
        return None
    said = [line for line in ran.stderr.splitlines() if line.strip()]
    return Failed(client, said[-1][:200] if said else f"ended with {ran.returncode}")
