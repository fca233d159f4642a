"""Who may import whom: the contracts in pyproject.toml, and what they cannot say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import guests
import host_api
import kernel

# Pure: no input or output, no clock, no chance, no environment, no log, no concurrency.
PURE = ("errors", "principals", "policy", "handles", "wire")
PURE_IMPORTS = frozenset(
    {"__future__", "collections", "dataclasses", "enum", "functools", "itertools", "re", "struct", "types", "typing"},
)
KNOW_WASMTIME = ("engine", "capi", "store", "fiber")


def imported(source: str) -> Iterator[str]:
    """The dotted name of each module that a source imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.ImportFrom():
                yield "."
            case _:
                pass


def strangers(source: str, allowed: frozenset[str]) -> set[str]:
    """What a source imports beyond the allowed top-level names."""
    return {name for name in imported(source) if name.partition(".")[0] not in allowed}


def kernel_files(root: Path) -> list[Path]:
    return sorted((root / "kernel").rglob("*.py"))


def test_the_contracts_of_the_imports_hold(root: Path) -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=root, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("package", [kernel, host_api, guests], ids=lambda package: package.__name__)
def test_the_packages_are_ours_and_not_a_strangers_of_the_same_name(package: object, root: Path) -> None:
    file = getattr(package, "__file__", None)
    assert file is not None
    assert Path(file).resolve().parent.parent == root


def test_the_kernel_imports_the_standard_library_and_wasmtime_and_nothing_else(root: Path) -> None:
    allowed = frozenset(sys.stdlib_module_names) | {"kernel", "wasmtime"}
    found = {path.name: strange for path in kernel_files(root) if (strange := strangers(path.read_text(), allowed))}
    assert found == {}


@pytest.mark.parametrize("name", PURE)
def test_a_pure_file_imports_only_what_has_no_effect(name: str, root: Path) -> None:
    source = (root / "kernel" / f"{name}.py").read_text()
    assert strangers(source, PURE_IMPORTS | {"kernel"}) == set()
    ours = {module for module in imported(source) if module.startswith("kernel")}
    assert ours <= {f"kernel.{other}" for other in (*PURE, "limits")}


def test_only_four_files_know_wasmtime(root: Path) -> None:
    knowing = {
        path.stem
        for path in kernel_files(root)
        if any(name.split(".")[0] == "wasmtime" for name in imported(path.read_text()))
    }
    assert knowing <= set(KNOW_WASMTIME)


def test_only_one_file_touches_the_generated_c_api(root: Path) -> None:
    touching = {
        path.stem for path in kernel_files(root) if re.search(r"wasmtime(\._| import .*_)bindings", path.read_text())
    }
    assert touching == {"capi"}


@pytest.mark.parametrize(
    ("source", "stranger"),
    [
        ("import os", "os"),
        ("from asyncio import sleep", "asyncio"),
        ("def f():\n    import time", "time"),
        ("from . import x", "."),
        ("import re, random", "random"),
    ],
)
def test_a_stranger_is_seen_wherever_it_hides(source: str, stranger: str) -> None:
    assert strangers(source, PURE_IMPORTS) == {stranger}
