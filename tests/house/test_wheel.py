"""The wheel is all that an operator installs: the three packages and the built guest, and nothing of the workshop."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from host_api.http.docs import FILES


@pytest.fixture(scope="module")
def carried(root: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a wheel of the working tree holds."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=root,
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_the_wheel_carries_the_built_guest(carried: set[str], root: Path) -> None:
    built = {path.relative_to(root).as_posix() for path in (root / "guests" / "build").rglob("*") if path.is_file()}
    assert {f"guests/build/docs/{name}" for name in FILES} <= built
    assert built <= carried


def test_the_wheel_carries_the_packages_and_nothing_of_the_workshop(carried: set[str]) -> None:
    tops = {name.partition("/")[0] for name in carried if not name.startswith("valgate-")}
    assert tops == {"kernel", "host_api", "guests"}
    workshop = ("/.build/", "/peers/", "node_modules", "__pycache__")
    assert not [name for name in carried if any(part in name for part in workshop)]


def test_the_wheel_says_that_it_is_typed(carried: set[str]) -> None:
    assert {"kernel/py.typed", "host_api/py.typed", "guests/py.typed"} <= carried


def test_the_wheel_refuses_to_be_uploaded(root: Path) -> None:
    assert '"Private :: Do Not Upload"' in (root / "pyproject.toml").read_text()
