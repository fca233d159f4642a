"""Running one evaluation: its entry is compiled, it counts against the house's bounds meanwhile, and its record is kept.

This file does not know who asked, nor what becomes of the value.
"""

from __future__ import annotations

import asyncio

from host_api.capabilities import endings
from host_api.capabilities.loaded import LOADED
from host_api.compiler import Compiler
from host_api.door import DOOR, Manner, Served
from host_api.evaluating.plan import Plan
from host_api.evaluating.recorded import Recorded, Shared
from host_api.evaluating.underway import Running, Stopped
from host_api.images import Images
from host_api.load.load import Load
from host_api.net.chain import CHAIN, Chain
from host_api.sources import ENTRY, SOURCES, Sources
from host_api.store import EvaluationRow, Kind, Privacy
from kernel.capability import Run
from kernel.errors import ValgateError
from kernel.evaluation import Entry, Evaluation
from kernel.principals import Authority
from kernel.wire import Op, Value

Given = tuple[str | None, bytes | None]
"""A request or arguments, as text, and a body."""


class Runner:
    """Runs plans, any number at once."""

    def __init__(self, shared: Shared, compiler: Compiler, images: Images, load: Load) -> None:
        """Take what all runs share, the images of vals, and the bounds that they count against."""
        self._shared, self._compiler, self._images, self._load = shared, compiler, images, load

    async def run(
        self,
        plan: Plan,
        row: EvaluationRow,
        chain: Chain,
        manner: Manner,
        args: bytes | None = None,
        served: Served | None = None,
    ) -> Recorded:
        """Run it, complete its record, which is `row`, and wait until that is durable if there were effects.

        Raises SourceError, and what Load refuses, before anything ran.
        """
        shared = self._shared
        self._load.begins(row.caller)
        try:
            recorded = Recorded(shared, plan.frame, row)
            run = recorded.run
            run.state[CHAIN] = chain
            if served is not None:
                run.state[DOOR] = served.door
            name, values = await self._entered(plan, row, run, manner, args, served)
            evaluation = Evaluation(shared.kernel, plan.frame, run, shared.capabilities, name)
            try:
                with Running(shared.underway, row.id, row.caller, recorded.begin):
                    values = await evaluation.run(Entry(Op.ENTER, values))
                recorded.came_to(values, evaluation)
            except Stopped:
                recorded.stopped()
            except ValgateError as failed:
                recorded.failed(failed, evaluation)
            finally:
                if endings.AT_END in run.state:
                    endings.end(run)
                cancelled = evaluation.usage.cancelled
                texts = await recorded.texts(cancelled) if recorded.is_much else recorded.texts_now(cancelled)
                done = recorded.complete(evaluation, texts)
            if row.effects:
                await asyncio.shield(done)
            return recorded
        finally:
            self._load.ends(row)

    async def _entered(
        self, plan: Plan, row: EvaluationRow, run: Run, manner: Manner, args: bytes | None, served: Served | None
    ) -> tuple[str, tuple[Value, ...]]:
        """Return what the entry is called, and what the runtime's `enter` takes."""
        if served is None or served.request is None:
            given: Given = (None if args is None else args.decode("utf-8", "replace"), None)
        else:
            given = served.request.decode(), served.body
        val = plan.val
        if val is None or not plan.own:
            # Of another's val, the caller's own code is its name.
            code = row.code or "" if val is None else plan.label
            return ENTRY, (manner, *await self._loads(plan, run, ENTRY, code, hidden=False), *given)
        if val.kind is Kind.DATA:
            return plan.label, (manner, plan.label, val.payload, None, *given)
        prepared = await self._images.of(val, Authority.OWN)
        if prepared is not None and prepared.start is not None and plan.key in prepared.start.units:
            run.starts[plan.frame] = prepared.start
            run.state[SOURCES], run.state[LOADED] = prepared.sources, prepared.units
            return plan.label, (manner, plan.key, None, True, *given)
        hidden = val.privacy is Privacy.PRIVATE
        return plan.label, (manner, *await self._loads(plan, run, plan.label, val.code, hidden=hidden), *given)

    async def _loads(self, plan: Plan, run: Run, name: str, code: str, *, hidden: bool) -> tuple[Value, ...]:
        """Return label, code and references of what is loaded; others see no name of a hidden val, not in a stack either."""
        unit = await self._compiler.compile(code, plan.caller)
        source = Sources.of(run).add(plan.frame.caller, name, unit, private=hidden, own=True)
        return unit.parts(source.label)[:3]
