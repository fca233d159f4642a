"""The builder against guests that ask, lie, spin and die: no image, the next guest as before, and nobody left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kernel import wire
from kernel.builder import Builder, Built
from kernel.capability import Run, Start, Unit
from kernel.engine import Engine
from kernel.evaluation import Entry, Evaluation, Kernel
from kernel.image import Image
from kernel.limits import MIB, Limits
from kernel.wire import Kind, Op, Result
from tests.kernel.stage import LIMITS, OWN, PAGE, Recording, Stage, call, head, own, program
from tests.kernel.system import full

BUILT = Path(__file__).parents[2] / "guests" / "build"
TIGHT = replace(LIMITS, cpu=0.1)
UNIT = Unit("@a.x@1", "@a.x@1", ("@a.x@1", "code", "[]", False))

# -- hostile guests: small programs --------------------------------------------------------------------------

SAY = "(drop (call $call (i32.const {at}) (i32.const {size})))"
FIRST, TRUE = 0x2000, bytes([wire.Tag.TRUE])
YES = head(Kind.RESULT, payload=TRUE)
FINE = head(Kind.RESULT, payload=wire.encode(None))


def says(*messages: bytes, after: str = "", before: str = "") -> tuple[bytes, bytes]:
    """A guest that says these, whatever it is answered, and the memory it begins with."""
    memory, body, at = bytearray(PAGE), before, FIRST
    for message in messages:
        memory[at : at + len(message)] = message
        body += SAY.format(at=at, size=len(message))
        at += 0x400
    return program(body + after, CLOCK), bytes(memory)


CLOCK = (
    """(import "kernel" "clock" (func $clock (result i64))) (import "kernel" "random" (func $random (result i64)))"""
)


def program_of(body: str) -> bytes:
    return program(body, CLOCK)


READY, FETCH = head(Kind.READY), head(Kind.FETCH)
HOSTILE = {
    "asks for what it has no handle for": says(READY, call(0)),
    "asks and goes on": says(READY, call(7), FINE, YES),
    "answers with a reference": says(READY, head(Kind.RESULT, refs=(own(1),), payload=wire.encode(None)), YES),
    "throws": says(READY, head(Kind.RESULT, wire.THREW, payload=wire.encode_error("Error", "no")), YES),
    "has jobs left": says(READY, head(Kind.RESULT, Result.JOBS, payload=wire.encode(None)), YES),
    "has something to say at the end": says(READY, head(Kind.RESULT, Result.ATTENTION, payload=wire.encode(None)), YES),
    "finishes": says(READY, head(Kind.RESULT, Result.FINISHED, payload=wire.encode(None)), YES),
    "waits": says(READY, head(Kind.WAIT), FINE, YES),
    "tells of a promise": says(READY, head(Kind.SETTLE, payload=wire.encode(None)), FINE, YES),
    "has no memory left": says(READY, head(Kind.EXHAUSTED)),
    "is ready twice": says(READY, READY, FINE, YES),
    "does not begin by being ready": says(FINE, YES),
    "fetches what was not sent": says(READY, FETCH, FETCH, FINE, YES),
    "says half a head": says(READY, b"abc"),
    "says what nobody can read": says(READY, head(Kind.RESULT, payload=b"\xff\xff\xff"), YES),
    "names an inbox outside": says(
        READY, head(Kind.RESULT, inbox=0xFFFFFF00, capacity=0x1000, payload=wire.encode(None))
    ),
    "is of no kind": says(READY, head(99)),
    "does not seal": says(READY, FINE, FINE),
    "seals with a no": says(READY, FINE, head(Kind.RESULT, payload=bytes([wire.Tag.FALSE]))),
    "seals with two answers": says(READY, FINE, head(Kind.RESULT, payload=TRUE * 2)),
    "asks for the time": says(READY, FINE, YES, before="(drop (call $clock))"),
    "draws": says(READY, FINE, YES, before="(drop (call $random))"),
    "traps": (program_of("unreachable"), bytes(PAGE)),
    "returns": (program_of(""), bytes(PAGE)),
    "never ends": (program_of("(loop $l (br $l))"), bytes(PAGE)),
    "says it is ready for ever": says(after="(loop $l " + SAY.format(at=FIRST, size=len(READY)) + "(br $l))"),
}


@asynccontextmanager
async def building(code: bytes, memory: bytes, limits: Limits = LIMITS) -> AsyncIterator[tuple[Builder, Kernel]]:
    with Engine(code) as engine:
        kernel = Stage(engine, memory).kernel
        yield Builder(kernel, limits), kernel


@pytest.mark.parametrize("what", HOSTILE)
async def test_of_a_guest_that_does_no_more_than_answer_there_is_an_image_and_of_no_other(what: str) -> None:
    async with building(*HOSTILE[what], TIGHT) as (builder, kernel):
        assert await builder.build([UNIT]) is None
        assert await builder.build([UNIT, UNIT]) is None
        assert kernel.guests == 0


async def test_a_guest_that_answers_is_an_image() -> None:
    """Else the tests above would show nothing."""
    code, memory = says(READY, FINE, YES, before="(i32.store (i32.const 0x9000) (i32.const 77))")
    async with building(code, memory) as (builder, kernel):
        built = await builder.build([UNIT])
        assert built is not None
        assert built.units == (UNIT,)
        assert built.image.pieces == ((0x8000, built.image.pieces[0][1]),)  # its inbox, and what it wrote
        assert built.image.pieces[0][1][0x1000] == 77
        assert kernel.guests == 0
        assert await builder.build([]) is None


@pytest.mark.parametrize("after", range(3))
async def test_units_are_not_refused_for_what_the_system_refuses(after: int) -> None:
    """The attacker takes all memory while an image is made: it would be kept as one that cannot be, as long as the val is the same."""
    async with building(*says(READY, FINE, YES)) as (builder, kernel):
        with full(after), pytest.raises(MemoryError):
            await builder.build([UNIT])
        assert await builder.build([UNIT]) is not None
        assert kernel.guests == 0


async def test_what_does_not_fit_an_inbox_is_fetched() -> None:
    small = head(Kind.READY, capacity=4)
    code, memory = says(small, FETCH, FINE, YES)
    async with building(code, memory) as (builder, _):
        assert await builder.build([UNIT]) is not None


async def test_an_image_has_one_budget_however_many_vals_are_tried() -> None:
    """The attacker's val names thirty others, of which each takes all the time that there is."""
    async with building(*HOSTILE["never ends"], TIGHT) as (builder, kernel):
        before = time.thread_time()
        beside = asyncio.create_task(asyncio.sleep(0))
        assert await builder.build([replace(UNIT, key=f"@a.x@{n}") for n in range(30)]) is None
        assert beside.done()  # others have their turn meanwhile
        assert time.thread_time() - before < 30 * TIGHT.cpu / 2
        assert kernel.guests == 0


async def test_a_builder_that_is_stopped_leaves_no_guest() -> None:
    async with building(*HOSTILE["never ends"]) as (builder, kernel):
        task = asyncio.create_task(builder.build([UNIT]))
        for _ in range(3):
            await asyncio.sleep(0)
        assert kernel.guests == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert kernel.guests == 0


# -- guests of the runtime -----------------------------------------------------------------------------------


class Live(Stage):
    """A kernel whose guests are the runtime's, and what builds images of it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, bytes(PAGE))
        self.kernel.image = engine.program(Image.parse((BUILT / "runtime.image").read_bytes()))

    async def built(self, *tops: str, cpu: float = 20.0) -> Built | None:
        builder = Builder(self.kernel, replace(LIMITS, cpu=cpu))
        return await builder.build([unit(top, number) for number, top in enumerate(tops)])

    async def run(self, built: Built | None) -> object:  # type: ignore[override]
        """Run the first unit in a guest that is born of the image."""
        assert built is not None
        made = self.kernel.engine.program(built.image, self.kernel.image)
        run = Run("e", LIMITS, Recording())
        run.starts[OWN] = Start(made, {one.key: one.name for one in built.units})
        entry = Entry(Op.ENTER, ("run", built.units[0].key, None, True, "[]", None))
        values = await Evaluation(self.kernel, OWN, run, (), "@a.entry").run(entry)
        return values[:2]


def unit(top: str, number: int = 0) -> Unit:
    """A val of this top level; what it returns is its value."""
    name = f"@a.x{number}@1"
    return Unit(name, name, (name, f'(function($){{"use strict";\n{top}\n}})', "[]"))


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with Engine((BUILT / "engine.wasm").read_bytes()) as engine:
        yield Live(engine)


ASKS = {
    "the time": "const t = Date.now(); return () => t",
    "a date": "const d = new Date(); return () => 1",
    "the time as text": "const d = Date(); return () => 1",
    "a random number": "const r = Math.random(); return () => r",
    "random bytes": "const r = crypto.getRandomValues(new Uint8Array(4)); return () => 1",
    "an id": "const r = crypto.randomUUID(); return () => r",
    "a fetch": "fetch('https://example.com'); return () => 1",
    "the console": "console.log(1); return () => 1",
    "a timer": "setTimeout(() => {}, 0); return () => 1",
    "an interval": "setInterval(() => {}, 1000); return () => 1",
    "mail": "console.email('x'); return () => 1",
    "an environment": "const s = process.env.foo; return () => s",
    "and catches": "try { Math.random() } catch {} return () => 1",
    "and catches what is refused": "try { process.env.foo } catch {} try { console.log(1) } catch {} return () => 1",
    "in a getter that the engine calls": "const o = { get then() { return Date.now() } }; Promise.resolve(o); return () => 1",
    "in a comparison": "[3, 1, 2].sort(() => Math.random() - 0.5); return () => 1",
    "in a finally": "try { throw 1 } catch {} finally { Date.now() } return () => 1",
    "in a stack": "Error.prepareStackTrace = () => Date.now(); new Error('x').stack; return () => 1",
}
ENDS = {
    "throws": "throw new Error('no')",
    "throws nothing": "throw undefined",
    "rejects": "Promise.reject(new Error('no')); return () => 1",
    "leaves a job": "Promise.resolve().then(() => {}); return () => 1",
    "loops": "for (;;) {}",
    "loops in jobs": "const again = () => queueMicrotask(again); again(); return () => 1",
    "recurses": "const f = () => f() + 1; f()",
    "fills its memory": "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))",
    "does not parse": "return (",
}


@pytest.mark.parametrize("name", ASKS | ENDS)
async def test_a_top_level_that_asks_or_does_not_end_is_in_no_image(live: Live, name: str) -> None:
    top = (ASKS | ENDS)[name]
    assert await live.built(top, cpu=0.5 if name.startswith("loops") else 20.0) is None
    assert live.kernel.guests == 0


@pytest.mark.parametrize(
    "name", [name for name in ASKS | ENDS if not name.startswith("loops")]
)  # no time is left after these
async def test_and_the_others_of_the_image_never_see_that_it_was_tried(live: Live, name: str) -> None:
    """It spoils what they use first; they are loaded anew without it."""
    spoil = "globalThis.spoiled = 1; JSON.stringify = () => 'mine'; Array.prototype[Symbol.iterator] = () => 1; "
    clean = "const seen = typeof spoiled; return () => [seen, typeof spoiled, ...[1, 2]]"
    built = await live.built(clean, spoil + (ASKS | ENDS)[name])
    assert built is not None
    assert [one.key for one in built.units] == ["@a.x0@1"]
    assert await live.run(built) == (0, '["undefined","undefined",1,2]')
    again = await live.built(clean)
    assert again == built


async def test_it_is_said_who_is_in_an_image(live: Live) -> None:
    built = await live.built("return () => 1", "throw 1", "return () => 2", "Math.random()")
    assert built is not None
    assert [one.key for one in built.units] == ["@a.x0@1", "@a.x2@1"]


# -- what is in one ---------------------------------------------------------------------------------------------

TOPS = (
    "const m = new Map([['a', { b: [1, 2] }]]), s = Symbol('x'), w = new WeakMap(); w.set(m, s); class P { #x = 1; get x() { return this.#x } } return () => new P().x",
    "const text = 'abc'.repeat(999).split('').map((c, i) => c + i).join(''), re = /a(b)c/g; return () => text.replace(re, '').length",
    "const set = new Set(); for (let i = 0; i < 5000; i++) set.add({ i }); return () => set.size",
    "function* g() { yield 1; yield 2 } const it = g(); it.next(); return () => [...it]",
)


async def test_the_same_vals_are_byte_for_byte_the_same_image(live: Live) -> None:
    """Else it would hold what is of one moment."""
    first = await live.built(*TOPS)
    await live.run(await live.built("return () => Date.now() > Math.random()"))
    assert first == await live.built(*TOPS)
    assert first is not None
    assert len(first.units) == len(TOPS)


async def test_guests_of_one_image_draw_different_numbers_and_see_their_own_time(live: Live) -> None:
    built = await live.built("const r = Math.random, now = Date.now; return () => [r(), r(), now(), Date.now()]")
    before = time.time() * 1000
    seen = [str((await live.run(built))[1]) for _ in range(4)]  # type: ignore[index]
    numbers = [[float(each) for each in one.strip("[]").split(",")] for one in seen]
    assert len({number for one in numbers for number in one[:2]}) == 8
    assert all(before - 1 <= each <= time.time() * 1000 + 1 for one in numbers for each in one[2:])


async def test_a_guest_of_an_image_leaves_it_as_it_was(live: Live) -> None:
    built = await live.built(
        "let n = 0; const m = new Map(), o = { deep: { a: [] } }; return () => { m.set(n, n); o.deep.a.push(++n); o['k' + n] = 1; return [n, m.size, o] }"
    )
    assert {str(await live.run(built)) for _ in range(5)} == {str((0, '[1,1,{"deep":{"a":[1]},"k1":1}]'))}


async def test_memory_is_collected_and_the_image_is_not(live: Live) -> None:
    """Fifty megabytes come and go, cycles and the image's objects in them, in a guest of forty."""
    built = await live.built(
        "const kept = Array.from({ length: 2000 }, (_, i) => ({ i })); return () => { for (let i = 0; i < 50; i++) {"
        " const big = { bytes: new Uint8Array(1 << 20), kept }; big.self = big; kept[i].last = big; kept[i].last = null }"
        " return [kept.length, kept.reduce((sum, one) => sum + one.i, 0)] }"
    )
    assert await live.run(built) == (0, "[2000,1999000]")
    assert built is not None
    assert sum(len(piece) for _, piece in built.image.pieces) < 2 * MIB
