"""Images: a booted heap and nothing else, the same each time; every guest of it has its own chance and today's time."""

from __future__ import annotations

import json
import re
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from guests import build
from guests.boot import Booter, BootError
from kernel import image
from kernel.engine import Engine
from kernel.evaluation import Entry
from kernel.image import WASM_PAGE, BadImage, Image, memory_module, without_data
from kernel.limits import MIB
from kernel.wire import Op
from tests.kernel.stage import OWN, Stage, program

BUILT = Path(__file__).parents[2] / "guests" / "build"
STACK = 512 * 1024


class Live(Stage):
    """A kernel whose guests are the runtime's."""

    def __init__(self, engine: Engine, built: bytes) -> None:
        super().__init__(engine, bytes(WASM_PAGE))
        self.kernel.image = engine.program(Image.parse(built))

    async def value(self, expression: str) -> object:
        code = f'(function($){{"use strict";\nreturn {expression}\n}})'
        entry = Entry(Op.ENTER, ("run", "@a.entry", code, "[]", None))
        values = await self.evaluation(frame=OWN).run(entry)
        assert values[0] == 0, values
        assert isinstance(values[1], str)
        return json.loads(values[1])


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with Engine((BUILT / "engine.wasm").read_bytes()) as engine:
        yield Live(engine, (BUILT / "runtime.image").read_bytes())


@pytest.fixture(scope="module")
def booter() -> Booter:
    return Booter((BUILT / "engine.wasm").read_bytes(), STACK)


# -- guests of the built image --------------------------------------------------------------------------------


async def test_two_guests_of_one_image_draw_different_random_numbers(live: Live) -> None:
    numbers = [await live.value("[Math.random(), Math.random()]") for _ in range(3)]
    assert len({number for pair in numbers for number in pair}) == 6  # type: ignore[attr-defined]


async def test_a_guest_sees_the_time_of_its_birth_and_not_the_builders(live: Live) -> None:
    before = time.time() * 1000
    now = await live.value("Date.now()")
    assert isinstance(now, int)
    assert before - 1 <= now <= time.time() * 1000 + 1
    assert await live.value("new Date().getUTCFullYear()") == datetime.now(UTC).year


async def test_a_guest_leaves_nothing_in_the_image(live: Live) -> None:
    assert await live.value("globalThis.left = 1") == 1
    assert await live.value("typeof globalThis.left") == "undefined"


# -- the bytes ----------------------------------------------------------------------------------------------


def numbers_near(memory: bytes, form: str, low: float, high: float) -> list[float]:
    """Find numbers of this form between the two, wherever a number may stand: by the bytes that both begin with."""
    kind = float if form == "d" else int
    first, last = (struct.pack(f">{form}", kind(end)) for end in (low, high))
    shared = next(size for size in range(8, 0, -1) if first[:size] == last[:size])
    found = []
    for match in re.finditer(re.escape(first[:shared][::-1]), memory):
        at = match.end() - 8
        if at >= 0 and at % 4 == 0:
            found += [number for (number,) in [struct.unpack_from(f"<{form}", memory, at)] if low <= number <= high]
    return found


def test_a_time_in_a_heap_is_found() -> None:
    for form, number in (("d", 1795381200123.0), ("Q", 1795381200123), ("d", 1795381200.5)):
        heap = bytes(12) + struct.pack(f"<{form}", number) + bytes(12)
        assert numbers_near(heap, form, number - 100, number + 100) == [number]


@pytest.mark.parametrize(("name", "script"), [("runtime.image", "runtime.js"), ("compiler.image", "compiler.js")])
def test_no_image_holds_the_time_of_its_build(booter: Booter, name: str, script: str) -> None:
    """The attacker learns when a guest was built, or finds the seed that hung on it: booted now, it is the same byte for byte.

    To look for numbers like a time just before shows less: constants of the engine's and of scripts are such numbers, as soon as
    their day has come, 2,000 of them in three years.
    """
    assert booter.image((build.WORK / script).read_text()).to_bytes() == (BUILT / name).read_bytes()


@pytest.mark.parametrize("script", ["(g, s) => ({enter() { return 1 }})", "() => new Map([[1, 2], ['a', {}]])"])
def test_the_same_script_booted_twice_is_the_same_image(booter: Booter, script: str) -> None:
    assert booter.image(script) == booter.image(script)


def test_a_script_that_asks_or_throws_while_it_boots_is_refused(booter: Booter) -> None:
    with pytest.raises((BootError, wasmtime.WasmtimeError)):
        booter.image("(glue) => glue.call(1, 1)")
    with pytest.raises(BootError, match="not today"):
        booter.image("() => { throw new Error('not today') }")


def memory_of(image: Image) -> bytes:
    """The bytes that a guest of it begins with."""
    memory = bytearray(image.size)
    for at, piece in image.pieces:
        memory[at : at + len(piece)] = piece
    return bytes(memory)


@given(st.lists(st.tuples(st.integers(0, 2 * WASM_PAGE - 1), st.integers(1, 255)), max_size=30))
def test_an_images_memory_is_the_heap_it_was_made_of(writes: list[tuple[int, int]]) -> None:
    heap = bytearray(2 * WASM_PAGE)
    for at, value in writes:
        heap[at] = value
    made = Image.of(bytes(heap), (4096, 64))
    made.insist_whole()
    read = Image.parse(made.to_bytes())
    assert (memory_of(read), read.inbox, read.size) == (bytes(heap), (4096, 64), 2 * WASM_PAGE)


def test_pages_of_nothing_are_not_stored() -> None:
    assert len(Image.of(bytes(16 * MIB)).to_bytes()) < 100


def test_the_first_the_last_and_neighbouring_pages_are_kept() -> None:
    heap = bytearray(WASM_PAGE)
    for at in (0, image.PAGE, 3 * image.PAGE, WASM_PAGE - 1):
        heap[at] = 7
    assert memory_of(Image.of(bytes(heap))) == heap


@given(st.binary(max_size=200), st.integers(0, 200))
def test_bytes_that_are_no_image_are_refused(noise: bytes, cut: int) -> None:
    whole = Image.of(b"\1" * WASM_PAGE).to_bytes()
    for data in (noise, whole[:cut], whole + noise[:1] if noise else noise):
        with pytest.raises(BadImage):
            Image.parse(data)


PAGES = b"\1" * image.PAGE


@pytest.mark.parametrize(
    "wrong",
    [
        Image(WASM_PAGE, (0, 0), ((1, PAGES),)),
        Image(WASM_PAGE, (0, 0), ((0, PAGES + b"1"),)),
        Image(WASM_PAGE, (0, 0), ((0, b""),)),
        Image(WASM_PAGE, (0, 0), ((image.PAGE, PAGES), (0, PAGES))),
        Image(WASM_PAGE, (0, 0), ((0, PAGES * 2), (image.PAGE, PAGES))),
        Image(WASM_PAGE, (0, 0), ((WASM_PAGE, PAGES),)),
        Image(WASM_PAGE, (WASM_PAGE, 1), ()),
        Image(WASM_PAGE + image.PAGE, (0, 0), ()),
        Image(image.MOST_SIZE, (0, 0), ()),
    ],
)
def test_an_image_that_does_not_hold_what_it_says_is_no_program(wrong: Image) -> None:
    """Its pages would be mapped over something else's."""
    with Engine(program("")) as engine, pytest.raises(BadImage):
        engine.program(wrong)


def test_a_memory_of_a_size_is_exported() -> None:
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    memory = wasmtime.Instance(store, wasmtime.Module(engine, memory_module(3 * WASM_PAGE)), []).exports(store)[
        "memory"
    ]
    assert isinstance(memory, wasmtime.Memory)
    assert memory.size(store) == 3


def test_the_engines_code_without_its_data_is_the_same_code() -> None:
    wat = '(module (memory 1) (data (i32.const 0) "hello") (func (export "f") (result i32) (i32.load (i32.const 0))))'
    bare = without_data(bytes(wasmtime.wat2wasm(wat)))
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    function = wasmtime.Instance(store, wasmtime.Module(engine, bare), []).exports(store)["f"]
    assert isinstance(function, wasmtime.Func)
    assert function(store) == 0


@given(st.integers(0, 2**32 - 1))
def test_numbers_of_a_module_are_read_as_they_were_written(number: int) -> None:
    written = image._unsigned(number)
    assert image._read_unsigned(written, 0) == (number, len(written))
