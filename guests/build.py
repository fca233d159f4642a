"""Build what guests run: `python -m guests.build`.

JavaScript is bundled, quickjs-ng and the glue are compiled to WebAssembly, and each script is booted once and its heap kept as an
image. The results go to guests/build; what is fetched, to guests/.build. A build whose inputs have not changed costs a hash.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

from guests.edits import EditError, edited
from guests.patch import PatchError, patched

HERE = Path(__file__).parent
OUT = HERE / "build"
WORK = HERE / ".build"
STAMP = OUT / "inputs.sha256"
ENGINE, RUNTIME, COMPILER = OUT / "engine.wasm", OUT / "runtime.image", OUT / "compiler.image"
DOCS = OUT / "docs"
SWAGGER = ("swagger-ui-bundle.js", "swagger-ui.css", "swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE")

C_STACK = 704 * 1024
"""In front of the heap: JavaScript may use 512 KiB of it, the rest is for what measures it."""
JS_STACK = 512 * 1024
QUICKJS = ("libregexp.c", "libunicode.c", "dtoa.c")
C_FLAGS = (
    *("-target", "wasm32-wasi", "-mexec-model=reactor", "-O3"),
    *("-D_GNU_SOURCE", "-D_WASI_EMULATED_PROCESS_CLOCKS", "-D_WASI_EMULATED_SIGNAL", "-Wno-everything"),
)
LINK_FLAGS = (
    *("-lwasi-emulated-process-clocks", "-lwasi-emulated-signal", "-s"),
    *(f"-Wl,-z,stack-size={C_STACK}", "-Wl,--import-memory", "-Wl,--export-memory"),
)
IMPORTS = {("env", "memory"), ("kernel", "call"), ("kernel", "clock"), ("kernel", "random")}


class BuildError(Exception):
    """The build cannot go on; the message says what to do."""


def inputs(*folders: str) -> str:
    """Return the hash of what the build reads: all of it, or these folders."""
    names = [
        HERE / "build.py",
        HERE / "boot.py",
        HERE / "patch.py",
        HERE / "edits.py",
        HERE / "bundle.mjs",
        HERE / "package-lock.json",
        HERE.parent / "kernel" / "image.py",
    ]
    wanted = folders or ("engine", "runtime", "compiler", "docs")
    names += sorted(path for folder in wanted for path in (HERE / folder).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in names:
        if path.suffix == ".md":
            continue
        digest.update(f"{path.relative_to(HERE.parent)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the results are there and made of these inputs."""
    results = (ENGINE, RUNTIME, COMPILER, DOCS)
    return STAMP.exists() and all(path.exists() for path in results) and STAMP.read_text() == inputs()


def build() -> None:
    """Build everything; raise BuildError."""
    OUT.mkdir(exist_ok=True)
    STAMP.unlink(missing_ok=True)
    current = inputs()
    steps: list[tuple[str, Callable[[], None]]] = [
        ("fetching npm packages", fetch_packages),
        ("bundling JavaScript", bundle),
        ("copying the page of the API", copy_page),
        ("fetching quickjs-ng", fetch_quickjs),
        ("compiling the engine (half a minute)", compile_engine),
        ("booting the images", make_images),
    ]
    for number, (what, step) in enumerate(steps, 1):
        print(f"— guest {number}/{len(steps)}: {what}", flush=True)
        started = time.monotonic()
        step()
        print(f"  {time.monotonic() - started:.1f} s", flush=True)
    STAMP.write_text(current)


def run(*command: str | Path, cwd: Path = HERE) -> None:
    """Run a command; its output is shown only when it fails."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{command[0]} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


def fetch_packages() -> None:
    """Install the pinned npm packages, by the lock's hashes, running none of their scripts."""
    if shutil.which("npm") is None:
        raise BuildError("npm is needed: install Node.js 20 or newer")
    lock = HERE / "package-lock.json"
    kept = WORK / "node_modules" / ".lock"
    if kept.exists() and kept.read_bytes() == lock.read_bytes():
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, WORK)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=WORK)
    shutil.copy(lock, kept)


def bundle() -> None:
    """Write the scripts that images boot: each a function (glue, global) that returns the handlers."""
    runtime = _bundle(HERE / "runtime" / "main.js", "cjs")
    data = WORK / "packed.js"
    run("node", WORK / "src" / "runtime" / "intl" / "pack.mjs", data)
    _write(
        "runtime.js",
        f"{data.read_text()}(function (glue, global) {{ const module = {{ exports: {{}} }};\n{runtime}\nreturn module.exports.default(glue, global); }})",
    )
    compiler = _bundle(HERE / "compiler" / "main.js", "iife")
    _write(
        "compiler.js",
        f"(function (glue, global) {{\n{compiler}\nreturn {{ pure: (_, source) => {{ glue.finish(global.compile(source)); }} }}; }})",
    )


def copy_page() -> None:
    """Put the page to try the API together: ours, and what it needs of swagger-ui-dist."""
    shutil.rmtree(DOCS, ignore_errors=True)
    shutil.copytree(HERE / "docs", DOCS)
    for name in SWAGGER:
        shutil.copy(WORK / "node_modules" / "swagger-ui-dist" / name, DOCS)


def _bundle(entry: Path, form: str) -> str:
    target = WORK / f"{entry.parent.name}.bundle.js"
    # resolved from the copy beside node_modules, so that bare imports are found
    source = WORK / "src" / entry.parent.name
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(entry.parent, source)
    shutil.copy(HERE / "bundle.mjs", WORK)
    run("node", WORK / "bundle.mjs", source / entry.name, form, target, cwd=WORK)
    return target.read_text()


def _write(name: str, script: str) -> None:
    (WORK / name).write_text(script)


def fetch_quickjs() -> None:
    """Fetch and unpack the pinned sdist, unless it is there."""
    quickjs, downloads, unpacked = WORK / "quickjs", WORK / "sdist", WORK / "unpacked"
    pins = HERE / "engine" / "requirements.txt"
    pinned = quickjs / "pinned.txt"
    if pinned.exists() and pinned.read_bytes() == pins.read_bytes():
        return
    for folder in (quickjs, downloads, unpacked):
        shutil.rmtree(folder, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "download", "--no-deps", "--no-binary", ":all:", "--require-hashes", "-r", pins, "-d", downloads)
    with tarfile.open(next(downloads.glob("quickjs_ng-*.tar.gz"))) as archive:
        archive.extractall(unpacked, filter="data")
    next(unpacked.glob("*/upstream-quickjs")).rename(quickjs)
    shutil.copy(pins, pinned)


def edit_quickjs() -> Path:
    """Write quickjs.c with our changes; return its folder, which goes before the one that was fetched."""
    ours = WORK / "edited"
    ours.mkdir(exist_ok=True)
    source, script = WORK / "quickjs" / "quickjs.c", HERE / "engine" / "quickjs.ed"
    try:
        changed = patched(edited(source.read_bytes(), script.read_text()).decode())
    except (EditError, PatchError) as error:
        raise BuildError(str(error)) from error
    (ours / source.name).write_text(changed)
    return ours


def compile_engine() -> None:
    """Compile and link; refuse any import but the four."""
    stamp, current = WORK / "engine.sha256", inputs("engine")
    if ENGINE.exists() and stamp.exists() and stamp.read_text() == current:
        return
    stamp.unlink(missing_ok=True)
    quickjs, ours = WORK / "quickjs", edit_quickjs()
    zig = (sys.executable, "-m", "ziglang", "cc", *C_FLAGS, f"-I{ours}", f"-I{quickjs}", f"-I{HERE / 'engine'}")
    objects = []
    for name in QUICKJS:
        made = WORK / f"{name}.o"
        run(*zig, "-c", quickjs / name, "-o", made)
        objects.append(made)
    made = WORK / "engine.wasm"
    run(*zig, HERE / "engine" / "guest.c", *objects, *LINK_FLAGS, "-o", made)
    import wasmtime  # noqa: PLC0415 - a current build needs none of it

    found = {(each.module, each.name) for each in wasmtime.Module(wasmtime.Engine(), made.read_bytes()).imports}
    if found != IMPORTS:
        raise BuildError(f"the engine imports {sorted(found - IMPORTS)}: define it in engine/libc.c")
    shutil.copy(made, ENGINE)
    stamp.write_text(current)


def make_images() -> None:
    """Boot each script once and keep the heap."""
    from guests.boot import Booter  # noqa: PLC0415 - as above

    booter = Booter(ENGINE.read_bytes(), JS_STACK)
    for script, image in (("runtime.js", RUNTIME), ("compiler.js", COMPILER)):
        image.write_bytes(booter.image((WORK / script).read_text()).to_bytes())


def main() -> int:
    """Build unless the results are current; return an exit status."""
    if is_current():
        return 0
    WORK.mkdir(exist_ok=True)
    try:
        with (WORK / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second build waits, and then finds the first one's results
            if not is_current():
                build()
    except BuildError as error:
        print(f"the guest was not built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
