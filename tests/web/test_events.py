"""Event, EventTarget, AbortController and AbortSignal, by the DOM standard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.live import World
from tests.web.table import Cases

CASES: Cases = {
    "what an event is": (
        "const e = new Event('x', { bubbles: 1, cancelable: true, composed: 0 }); return [e.type, e.bubbles, e.cancelable, e.composed, e.target, e.currentTarget, e.eventPhase, e.defaultPrevented, e.isTrusted, e.returnValue, e.cancelBubble, typeof e.timeStamp, e.composedPath()]",
        ["x", True, True, False, None, None, 0, False, False, True, False, "number", []],
    ),
    "a custom event": ("[new CustomEvent('x', { detail: { a: 1 } }).detail, new CustomEvent('x').detail, new CustomEvent('x') instanceof Event, String(new CustomEvent('x'))]", [{"a": 1}, None, True, "[object CustomEvent]"]),
    "constants": ("[Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, new Event('x').BUBBLING_PHASE, Object.keys(new Event('x'))]", [0, 1, 2, 3, ["isTrusted"]]),
    "a type is needed": ("[thrown(() => new Event()), new Event(undefined).type, new Event(null).type, thrown(() => new Event('x', 1))]", ["TypeError", "undefined", "null", "TypeError"]),
    "listeners are called in order, each once": (
        "const t = new EventTarget(); const seen = []; const f = (e) => seen.push('f'); t.addEventListener('x', f); t.addEventListener('x', () => seen.push('g')); t.addEventListener('x', f); t.addEventListener('y', f); t.dispatchEvent(new Event('x')); return seen",
        ["f", "g"],
    ),
    "capture is another listener, and goes first": ("const t = new EventTarget(); const seen = []; const f = (e) => seen.push(e.eventPhase); t.addEventListener('x', () => seen.push('b')); t.addEventListener('x', f, true); t.addEventListener('x', f); t.removeEventListener('x', f); t.dispatchEvent(new Event('x')); return seen", [2, "b"]),
    "this, target and what is seen inside": (
        "const t = new EventTarget(); const e = new Event('x'); let seen; t.addEventListener('x', function (got) { seen = [this === t, got === e, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length, thrown(() => t.dispatchEvent(e))] }); const result = t.dispatchEvent(e); return [seen, result, e.target === t, e.currentTarget, e.eventPhase]",
        [[True, True, True, True, 2, 1, "InvalidStateError"], True, True, None, 0],
    ),
    "an object with handleEvent": ("const t = new EventTarget(); const o = { seen: [], handleEvent(e) { this.seen.push(e.type) } }; t.addEventListener('x', o); t.dispatchEvent(new Event('x')); return o.seen", ["x"]),
    "once": ("const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++, { once: true }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); return n", 1),
    "passive cannot prevent": ("const t = new EventTarget(); t.addEventListener('x', (e) => e.preventDefault(), { passive: true }); return t.dispatchEvent(new Event('x', { cancelable: true }))", True),
    "preventing": ("const t = new EventTarget(); t.addEventListener('x', (e) => e.preventDefault()); const e = new Event('x', { cancelable: true }); return [t.dispatchEvent(e), e.defaultPrevented, e.returnValue, t.dispatchEvent(new Event('x'))]", [False, True, False, True]),
    "stopping now": ("const t = new EventTarget(); const seen = []; t.addEventListener('x', (e) => { seen.push(1); e.stopImmediatePropagation() }); t.addEventListener('x', () => seen.push(2)); t.dispatchEvent(new Event('x')); return seen", [1]),
    "stopping lets the rest at the target": ("const t = new EventTarget(); const seen = []; t.addEventListener('x', (e) => { seen.push(1); e.stopPropagation() }); t.addEventListener('x', () => seen.push(2)); t.dispatchEvent(new Event('x')); return seen", [1, 2]),
    "stopped before it began": ("const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++); const e = new Event('x'); e.stopPropagation(); t.dispatchEvent(e); t.dispatchEvent(e); return n", 1),
    "who is taken away meanwhile is not called, who comes is not either": (
        "const t = new EventTarget(); const seen = []; const b = () => seen.push('b'); t.addEventListener('x', () => { seen.push('a'); t.removeEventListener('x', b); t.addEventListener('x', () => seen.push('c')) }); t.addEventListener('x', b); t.dispatchEvent(new Event('x')); return seen",
        ["a"],
    ),
    "a signal takes it away": ("const t = new EventTarget(); const c = new AbortController(); let n = 0; t.addEventListener('x', () => n++, { signal: c.signal }); t.dispatchEvent(new Event('x')); c.abort(); t.dispatchEvent(new Event('x')); t.addEventListener('x', () => n++, { signal: c.signal }); t.dispatchEvent(new Event('x')); return n", 1),
    "listeners that are none": ("const t = new EventTarget(); return [t.addEventListener('x', null), thrown(() => t.addEventListener('x', 1)), thrown(() => t.addEventListener('x')), thrown(() => t.addEventListener('x', () => 1, { signal: {} })), thrown(() => t.dispatchEvent({ type: 'x' })), thrown(() => t.dispatchEvent())]", [None, "TypeError", "TypeError", "TypeError", "TypeError", "TypeError"]),
    "a subclass": ("class Bus extends EventTarget { say(x) { this.dispatchEvent(new CustomEvent('say', { detail: x })) } }; const b = new Bus(); let got; b.addEventListener('say', (e) => { got = e.detail }); b.say(5); return got", 5),
    "initEvent": ("const e = new Event('x'); e.initEvent('y', true, true); return [e.type, e.bubbles, e.cancelable]", ["y", True, True]),
    # abort
    "aborting": (
        "const c = new AbortController(); const seen = []; c.signal.onabort = (e) => seen.push(e.type, e.isTrusted, e.target === c.signal); c.signal.addEventListener('abort', () => seen.push('listener')); c.abort(); c.abort('again'); return [seen, c.signal.aborted, c.signal.reason.name, c.signal.reason.code, c.signal.reason instanceof DOMException, c.signal === c.signal]",
        [["abort", True, True, "listener"], True, "AbortError", 20, True, True],
    ),
    "a reason": ("const c = new AbortController(); c.abort(null); const d = new AbortController(); d.abort(undefined); return [c.signal.reason, d.signal.reason.name]", [None, "AbortError"]),
    "throwIfAborted": ("const c = new AbortController(); c.signal.throwIfAborted(); c.abort(new RangeError('r')); return thrown(() => c.signal.throwIfAborted())", "RangeError"),
    "onabort is one handler": ("const c = new AbortController(); const seen = []; c.signal.onabort = () => seen.push(1); c.signal.addEventListener('abort', () => seen.push(2)); c.signal.onabort = () => seen.push(3); const set = typeof c.signal.onabort; c.abort(); c.signal.onabort = 5; return [seen, set, c.signal.onabort]", [[3, 2], "function", None]),
    "AbortSignal.abort": ("const s = AbortSignal.abort('x'); return [s.aborted, s.reason, AbortSignal.abort().reason.name]", [True, "x", "AbortError"]),
    "AbortSignal.timeout": ("const s = AbortSignal.timeout(5); const before = s.aborted; await new Promise((done) => s.addEventListener('abort', done)); return [before, s.aborted, s.reason.name, s.reason.code]", [False, True, "TimeoutError", 23]),
    "timeouts that are none": ("[-1, NaN, Infinity, 'x', 2 ** 53].map((t) => thrown(() => AbortSignal.timeout(t))).concat(thrown(() => AbortSignal.timeout()))", ["TypeError"] * 6),
    "AbortSignal.any": (
        "const a = new AbortController(), b = new AbortController(); const any = AbortSignal.any([a.signal, b.signal]); const seen = []; any.onabort = () => seen.push('any', b.signal.aborted); b.signal.onabort = () => seen.push('b', any.aborted); b.abort('why'); a.abort('late'); return [seen, any.reason]",
        [["b", True, "any", True], "why"],
    ),
    "any of any, of none, of aborted": ("const a = new AbortController(); const x = AbortSignal.any([AbortSignal.any([a.signal]), AbortSignal.any([])]); const y = AbortSignal.any([a.signal, AbortSignal.abort(1), AbortSignal.abort(2)]); a.abort(3); return [x.reason, y.reason, AbortSignal.any([]).aborted, thrown(() => AbortSignal.any([{}])), thrown(() => AbortSignal.any())]", [3, 1, False, "TypeError", "TypeError"]),
    "a signal is not constructed": ("[thrown(() => new AbortSignal()), thrown(() => AbortController()), String(new AbortController().signal), new AbortController().signal instanceof EventTarget]", ["TypeError", "TypeError", "[object AbortSignal]", True]),
    "members as the platform has them": ("[AbortSignal.length, Object.keys(AbortSignal), EventTarget.prototype.addEventListener.length, Reflect.ownKeys(new EventTarget()), Reflect.ownKeys(new AbortController())]", [0, ["abort", "timeout", "any"], 2, [], []]),
    "strangers are refused": ("[thrown(() => Object.create(EventTarget.prototype).dispatchEvent(new Event('x'))), thrown(() => Object.create(AbortSignal.prototype).aborted), thrown(() => Object.create(Event.prototype).type)]", ["TypeError"] * 3),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_events_are_as_the_dom_standard_has_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]


@pytest.mark.parametrize(
    "code",
    [
        "const t = new EventTarget(); t.addEventListener('x', () => { throw new RangeError('of a listener') }); t.dispatchEvent(new Event('x')); return 1",
        "const c = new AbortController(); c.signal.onabort = () => { throw new RangeError('of a listener') }; c.abort(); return 1",
        "reportError(new RangeError('of a listener')); return 1",
    ],
)
async def test_what_a_listener_throws_is_uncaught_and_fails_the_evaluation(world: World, code: str) -> None:
    error = await world.error(code)
    assert (error.name, error.message) == ("RangeError", "of a listener")


async def test_other_listeners_are_called_all_the_same(world: World) -> None:
    code = "const t = new EventTarget(); t.addEventListener('x', () => { throw 1 }); t.addEventListener('x', () => console.log('called')); t.dispatchEvent(new Event('x'))"
    outcome = await world.outcome(code)
    assert "called" in str((await world.record(outcome))["logs"])
