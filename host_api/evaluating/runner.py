"""Running one evaluation: its entry is compiled, its frame is made, and it counts against the house's bounds meanwhile.

This file does not know who asked, nor what becomes of the value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from host_api.capabilities.loaded import Loaded
from host_api.compiler import Compiler, Unit
from host_api.door import DOOR, Manner, Served
from host_api.evaluating.recorded import Finished, Recorded, Shared
from host_api.images import Images, Prepared
from host_api.load.load import Load
from host_api.net.chain import CHAIN, Chain
from host_api.sources import ENTRY, Sources, key_of
from host_api.store import EvaluationRow, Kind, Privacy, Val
from kernel import evaluation
from kernel.capability import Run
from kernel.policy import Policy
from kernel.principals import NOBODY, Authority, Frame, Principal
from kernel.wire import Op, Value


class Task(NamedTuple):
    """One evaluation to be run: how, whose, its record so far, and what it is given."""

    manner: Manner
    caller: Principal
    row: EvaluationRow
    chain: Chain
    val: Val | None = None
    args: bytes | None = None
    served: Served | None = None


MOST_NAMES = 4096
"""Accounts that are known by name; each is a few hundred bytes."""


@lru_cache(MOST_NAMES)
def principal_of(name: str) -> Principal:
    """Return whom a name means, made once; nobody is always NOBODY."""
    made = Principal(name)
    return NOBODY if made == NOBODY else made


@lru_cache(MOST_NAMES)
def frame_of(policy: str, caller: Principal) -> Frame:
    """Return the frame of a caller's own code."""
    return Frame(Policy(policy), caller, caller, Authority.OWN)


class Runner:
    """Runs tasks, any number at once."""

    def __init__(self, shared: Shared, compiler: Compiler, images: Images, load: Load) -> None:
        """Take what all runs share, the images of vals, and the bounds that they count against."""
        self._shared, self._compiler, self._images, self._load = shared, compiler, images, load

    async def run(self, task: Task) -> Finished:
        """Run it to its record, which is the task's; raise SourceError, and what Load refuses, before anything ran."""
        row = task.row
        frame = frame_of(row.policy, task.caller)
        recorded = Recorded(self._shared, frame, row)
        recorded.run.state[CHAIN] = task.chain
        if task.served is not None:
            recorded.run.state[DOOR] = task.served.door
        self._load.begins(row.caller)
        try:
            name, values = await self._entered(task, frame, recorded.run)
            return await recorded.go(evaluation.Entry(Op.ENTER, values), name)
        finally:
            self._load.ends(row)

    async def _entered(self, task: Task, frame: Frame, run: Run) -> tuple[str, tuple[Value, ...]]:
        """Return what the entry is called, and what the runtime's `enter` takes."""
        val, code = task.val, task.row.code or ""
        if val is None:
            return ENTRY, _entry(run, task, ENTRY, await self._compiler.compile(code, task.row.caller), hidden=False)
        name, key = _names_of(val.owner, val.name, val.version)
        if principal_of(val.owner) != task.caller:
            # Another's: the caller's own code is its name.
            return ENTRY, _entry(run, task, ENTRY, await self._compiler.compile(name, task.row.caller), hidden=False)
        if val.kind is Kind.DATA:
            return name, (task.manner, name, val.payload, None, *_given(task))
        prepared = await self._images.of(val, Authority.OWN)
        if prepared is not None and _begins_with(prepared, key, frame, run):
            return name, (task.manner, key, None, True, *_given(task))
        hidden = val.privacy is Privacy.PRIVATE
        return name, _entry(run, task, name, await self._compiler.compile(val.code, task.row.caller), hidden=hidden)


@lru_cache(MOST_NAMES)
def _names_of(owner: str, name: str, version: int) -> tuple[str, str]:
    """Return how a val's version is written, and what names it inside one evaluation."""
    return f"@{owner}.{name}@{version}", key_of(principal_of(owner), name, version)


def _begins_with(prepared: Prepared, key: str, frame: Frame, run: Run) -> bool:
    """Have the first guest be born of an image, if the entry is in it."""
    if prepared.start is None or key not in prepared.start.units:
        return False
    run.starts[frame] = prepared.start
    Sources.of(run).by_label.update(prepared.sources)
    Loaded.of(run).units.update(prepared.units)
    return True


def _entry(run: Run, task: Task, name: str, unit: Unit, *, hidden: bool) -> tuple[Value, ...]:
    """Return what the runtime's `enter` takes; others see no name of a hidden val, not in a stack either."""
    source = Sources.of(run).add(task.caller, name, unit, private=hidden, own=True)
    label, code, listed, _ = unit.parts(source.label)
    return task.manner, label, code, listed, *_given(task)


def _given(task: Task) -> tuple[Value, Value]:
    """Return a request, or arguments, as text; and a body."""
    if task.served is None or task.served.request is None:
        return None if task.args is None else task.args.decode("utf-8", "replace"), None
    return task.served.request.decode(), task.served.body
