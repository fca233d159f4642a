"""Evaluating: whose evaluation it is, whether the entry may be run at all, and on whose chain.

It must never look into a value.
"""

from __future__ import annotations

from host_api.capabilities.api import Told
from host_api.door import Manner, Served, Tray
from host_api.evaluating.outcome import NO_VAL, Entry, Outcome
from host_api.evaluating.plan import Plan, plan_of_code, plan_of_val
from host_api.evaluating.runner import Runner
from host_api.evaluating.teller import NOTHING
from host_api.load.load import Load
from host_api.net.chain import FIRST, MICRO, Chains, Link, link_below
from host_api.settings import Settings
from host_api.store import EvaluationRow, State, Store, is_public, weight
from host_api.store.clock import now_ms
from host_api.store.ids import new_timed_id
from kernel.capability import Run
from kernel.errors import NotFound, ValgateError
from kernel.policy import Policy
from kernel.principals import NOBODY, Principal, principal_of


class Evaluator:
    """Evaluates for whoever asks, any number at once."""

    def __init__(self, settings: Settings, store: Store, runner: Runner, load: Load, chains: Chains) -> None:
        """Take who runs a task, what bounds it, and the chains that are open."""
        self._settings, self._store, self._runner, self._load, self._chains = settings, store, runner, load, chains
        self._most = int(settings.limits.cpu * MICRO)
        self._plans = store.shelf(_weight)

    async def evaluate(  # noqa: PLR0913 — one for each thing that a request says
        self,
        *,
        requester: str | None,
        source: str,
        entry: Entry,
        args: bytes | None,
        as_author: bool,
        policy: Policy | None = None,
        chain: Link = FIRST,
        manner: Manner = Manner.RUN,
        served: Served | None = None,
        parent: str | None = None,
        began: int | None = None,
    ) -> Outcome:
        """Run code or a val, as the requester or as the val's author.

        `requester` is an account's name, None for anonymous; `args` is a JSON array as bytes; `chain` is which evaluations led here:
        one more than may be, or than they can afford, is a LimitError. `served` is the request that the val answers itself.
        `began` is when whoever asks began it, in milliseconds since 1970, where they count from that; else it is now.
        A val of another's that runs as the requester is reached by its name, and so is foreign code.
        Raises NotFound (unknown, private and refused alike) and SourceError before anything ran.
        """
        policy = policy or self._settings.policy
        joined = self._chains.join(chain)
        self._store.generation()  # what is kept on the shelf is so now, or is gone from it
        asked = entry.val, requester, as_author, policy
        plan = self._plans.get(asked)
        if plan is None:
            plan = self._planned(
                entry.val, principal_of(requester) if requester else NOBODY, policy, as_author=as_author
            )
            self._plans.remember(asked, plan)
        now = now_ms() if began is None else began
        row = EvaluationRow(
            new_timed_id(now),
            plan.caller,
            plan.requester,
            source,
            policy,
            now,
            entry.code,
            plan.owner,
            plan.name,
            plan.version,
            plan.val_id,
            args,
        )
        row.parent = parent
        tray = None
        if served is None:
            tray = Tray(self._settings.fetch_body)
            served = Served(tray)
        else:
            served.door.opens(row.id if plan.owned else None)
        held = joined.hold(self._most)
        try:
            if plan.stored is not None and manner is Manner.RUN:
                self._load.insist_backlog()
                return self._stored(plan, row, *plan.stored)
            finished = await self._runner.run(plan, row, joined, manner, args, served)
        finally:
            joined.release(held, row.cpu_us)
        answer = None if tray is None or tray.head is None else (tray.head, bytes(tray.body))
        json = b"null" if finished.json is None else finished.json
        return Outcome(row.id, plan.caller, json, finished.type, finished.error, plan.owned, answer)

    async def call(self, run: Run, named: tuple[str, str, int | None], args: bytes) -> Told:
        """Run a val for code of this run, as `POST /v1/run` does without a token: the power of the capability `api`."""
        try:
            outcome = await self.evaluate(
                requester=None,
                source="api",
                entry=Entry(val=named),
                args=args,
                as_author=True,
                chain=link_below(run),
                parent=run.evaluation,
            )
        except ValgateError as refusal:
            return Told.of(refusal.info())
        if outcome.error is not None:
            return Told.of(outcome.error)
        return Told(200, outcome.json) if outcome.answer is None else Told(outcome.answer[0].status, outcome.answer[1])

    def _planned(
        self, named: tuple[str, str, int | None] | None, asking: Principal, policy: Policy, *, as_author: bool
    ) -> Plan:
        """Return the plan of what is asked for; raise NotFound."""
        if named is None:
            return plan_of_code(policy, asking)
        val = self._store.val(*named)
        if val is None or not (is_public(val) or principal_of(val.owner) == asking):
            raise NotFound(NO_VAL)
        return plan_of_val(policy, asking, val, as_author=as_author)

    def _stored(self, plan: Plan, row: EvaluationRow, json: bytes, kind: str) -> Outcome:
        """Answer with a data val as it is; there is nothing to run."""
        value = NOTHING.json(json, self._settings.limits.field)
        row.value, row.value_type, row.ended, row.state = value, kind, now_ms(), State.DONE
        self._store.finish_evaluation(row)
        self._load.ends(row, begun=False)
        return Outcome(row.id, plan.caller, json, kind, None, plan.owned)


def _weight(plan: Plan) -> int:
    return 0 if plan.val is None else weight(plan.val)
