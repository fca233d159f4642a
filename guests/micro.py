"""The programs of the micro-suite, and quickjs-ng as a program of this machine to hold our engine against.

Only a measurement builds the native one: nothing that a guest runs comes from here.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from guests.build import HERE, QUICKJS, WORK, BuildError, fetch_quickjs, run

PROGRAMS = HERE / "micro"
RESULTS = {
    "recursion": 514229,
    "loops": 17984144,
    "json": 1336838.75,
    "sort": 403402585,
    "strings": -1171051241,
    "regex": 6535112,
    "collections": 1303776254,
    "classes": 10540000,
}
"""What each program comes to: one that is wrong is not fast."""
NATIVE = WORK / "micro"
FLAGS = ("-O3", "-w", "-D_GNU_SOURCE")


def program(name: str) -> str:
    """Return a program as an expression: a function without parameters that returns a number."""
    return f"({(PROGRAMS / f'{name}.js').read_text().rstrip().removesuffix(';')}\n)"


def natives() -> list[Path]:
    """Build the native engine with each compiler that is here, unless that is done; return the programs."""
    WORK.mkdir(exist_ok=True)
    NATIVE.mkdir(exist_ok=True)
    fetch_quickjs()
    compilers: dict[str, tuple[str, ...]] = {"zig": (sys.executable, "-m", "ziglang", "cc")}
    cc = shutil.which("cc")
    if cc:
        compilers["cc"] = (cc,)
    return [_native(name, words) for name, words in compilers.items()]


def _native(name: str, compiler: tuple[str, ...]) -> Path:
    """Build with one compiler: the pinned source without our edits."""
    harness, pins = PROGRAMS / "native.c", HERE / "engine" / "requirements.txt"
    inputs = harness.read_bytes() + pins.read_bytes() + repr((compiler, FLAGS)).encode()
    made = NATIVE / f"native-{name}-{hashlib.sha256(inputs).hexdigest()[:16]}"
    if not made.exists():
        quickjs = WORK / "quickjs"
        sources = [quickjs / each for each in ("quickjs.c", *QUICKJS)]
        part = made.with_suffix(".part")
        run(*compiler, *FLAGS, f"-I{quickjs}", harness, *sources, "-lm", "-lpthread", "-o", part)
        part.replace(made)
    return made


def measure_native(native: Path, name: str) -> float:
    """Return the milliseconds of one run in a process of its own; raise BuildError when its result is wrong."""
    ran = subprocess.run(  # noqa: S603 - the program built above
        [native, PROGRAMS / f"{name}.js"], check=True, capture_output=True, text=True
    )
    result, took = map(float, ran.stdout.split())
    if result != RESULTS[name]:
        raise BuildError(f"{name}: {native.name} came to {result}, not {RESULTS[name]}")
    return took
