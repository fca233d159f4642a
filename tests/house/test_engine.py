"""What the built engine asks of its host: one way out that carries authority, two pure answers, and its memory."""

from __future__ import annotations

from pathlib import Path

ALLOWED = {("kernel", "call"), ("kernel", "clock"), ("kernel", "random"), ("env", "memory")}


class Reader:
    """Bytes of a WebAssembly module, read from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]

    def name(self) -> str:
        return self.take(self.number()).decode()

    def limits(self) -> None:
        for _ in range(1 + (self.number() & 1)):
            self.number()

    def skip_description(self) -> None:
        """The rest of an import: a function's type, a table, a memory or a global."""
        match self.number():
            case 0:
                self.number()
            case 1:
                self.take(1)
                self.limits()
            case 2:
                self.limits()
            case 3:
                self.take(2)
            case kind:
                raise ValueError(kind)


def imports(module: bytes) -> set[tuple[str, str]]:
    """Module and name of each import of a WebAssembly module."""
    assert module[:8] == b"\0asm\1\0\0\0"
    reader = Reader(module[8:])
    while reader.at < len(reader.data):
        kind, body = reader.number(), Reader(reader.take(reader.number()))
        if kind == 2:
            return {imported(body) for _ in range(body.number())}
    return set()


def imported(body: Reader) -> tuple[str, str]:
    pair = (body.name(), body.name())
    body.skip_description()
    return pair


def test_the_engine_asks_for_one_way_out_a_clock_and_a_die(root: Path) -> None:
    assert imports((root / "guests" / "build" / "engine.wasm").read_bytes()) == ALLOWED


def test_a_stranger_among_the_imports_is_seen() -> None:
    one = b"\x04wasi\x07fd_open\x00\x00"
    two = b"\x03env\x06memory\x02\x03\x01\x02"
    section = b"\x02" + two + one
    module = b"\0asm\1\0\0\0" + b"\x01\x01\x00" + b"\x02" + bytes([len(section)]) + section
    assert imports(module) == {("env", "memory"), ("wasi", "fd_open")}
