"""The cache of native code: it is run as it is, so only what is ours alone is looked at, and anything odd is compiled anew."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime

from kernel.engine import Engine
from tests.kernel.stage import SAY_FINISH, SAY_READY, program

CODE = program(SAY_READY + SAY_FINISH)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every module that is compiled while the test runs."""
    seen: list[bytes] = []
    make = wasmtime.Module.__init__

    def watched(self: wasmtime.Module, engine: wasmtime.Engine, wasm: bytes) -> None:
        seen.append(bytes(wasm))
        make(self, engine, wasm)

    monkeypatch.setattr(wasmtime.Module, "__init__", watched)
    return seen


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("*"))


def test_code_is_compiled_once(tmp_path: Path, compiled: list[bytes]) -> None:
    cache = tmp_path / "a" / "cache"
    for _ in range(3):
        Engine(CODE, cache)
    assert len(compiled) == 1
    assert len(kept(cache)) == 1


def test_the_folder_and_the_file_are_ours_alone(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    Engine(CODE, cache)
    assert [path.stat().st_mode & 0o777 for path in (cache, *kept(cache))] == [0o700, 0o600]


def test_other_code_has_another_file(tmp_path: Path, compiled: list[bytes]) -> None:
    Engine(CODE, tmp_path)
    tmp_path.chmod(0o700)
    Engine(program(SAY_READY), tmp_path)
    assert (len(compiled), len(kept(tmp_path))) == (2, 2)


@pytest.mark.parametrize("which", ["folder", "file"])
def test_what_others_may_write_is_not_run(tmp_path: Path, compiled: list[bytes], which: str) -> None:
    """The attacker shares a group with the operator, and puts native code where the cache is."""
    cache = tmp_path / "cache"
    Engine(CODE, cache)
    (cache if which == "folder" else kept(cache)[0]).chmod(0o770)
    Engine(CODE, cache)
    assert len(compiled) == 2


def test_a_link_is_not_followed(tmp_path: Path, compiled: list[bytes]) -> None:
    cache = tmp_path / "cache"
    Engine(CODE, cache)
    (file,) = kept(cache)
    elsewhere = file.rename(tmp_path / "elsewhere")
    file.symlink_to(elsewhere)
    Engine(CODE, cache)
    assert len(compiled) == 2


def test_what_is_no_native_code_is_compiled_anew(tmp_path: Path, compiled: list[bytes]) -> None:
    cache = tmp_path / "cache"
    Engine(CODE, cache)
    kept(cache)[0].write_bytes(b"not native code")
    Engine(CODE, cache)
    assert len(compiled) == 2


def test_a_folder_that_cannot_be_made_does_without(tmp_path: Path, compiled: list[bytes]) -> None:
    (tmp_path / "file").write_text("in the way")
    Engine(CODE, tmp_path / "file" / "cache")
    assert len(compiled) == 1
