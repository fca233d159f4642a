"""Evaluating: whose evaluation it is, whether the entry may be run at all, and on whose chain.

It must never look into a value.
"""

from __future__ import annotations

from host_api.audit.redact import Redactor
from host_api.capabilities.api import Told
from host_api.door import Manner, Served, Tray
from host_api.evaluating.outcome import NO_VAL, Entry, Outcome
from host_api.evaluating.runner import Runner, Task, principal_of
from host_api.load.load import Load
from host_api.net.chain import FIRST, MICRO, Chains, Link, link_below
from host_api.settings import Settings
from host_api.store import EvaluationRow, Kind, State, Store, Val, is_public
from host_api.store.clock import now_ms
from host_api.store.ids import new_timed_id
from kernel.capability import Run
from kernel.errors import NotFound, ValgateError
from kernel.policy import Policy
from kernel.principals import NOBODY, Principal
from kernel.wire import Tag

RESPONSE = bytes((Tag.PLATFORM, 4))
"""How a stored Response begins (guests/runtime/web/crossing.js)."""


class Evaluator:
    """Evaluates for whoever asks, any number at once."""

    def __init__(self, settings: Settings, store: Store, runner: Runner, load: Load, chains: Chains) -> None:
        """Take who runs a task, what bounds it, and the chains that are open."""
        self._settings, self._store, self._runner, self._load, self._chains = settings, store, runner, load, chains
        self._most = int(settings.limits.cpu * MICRO)

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
    ) -> Outcome:
        """Run code or a val, as the requester or as the val's author.

        `requester` is an account's name, None for anonymous; `args` is a JSON array as bytes; `chain` is which evaluations led here:
        one more than may be, or than they can afford, is a LimitError. `served` is the request that the val answers itself.
        A val of another's that runs as the requester is reached by its name, and so is foreign code.
        Raises NotFound (unknown, private and refused alike) and SourceError before anything ran.
        """
        joined = self._chains.join(chain)
        asking = principal_of(requester) if requester else NOBODY
        val = self._insist_val(entry.val, asking) if entry.val else None
        caller = principal_of(val.owner) if val and as_author else asking
        now = now_ms()
        row = EvaluationRow(
            new_timed_id(now),
            None if caller is NOBODY else caller.name,
            None if asking is NOBODY else asking.name,
            source,
            policy or self._settings.policy,
            now,
            entry.code,
        )
        row.args, row.parent = args, parent
        if val is not None:
            row.entry_owner, row.entry_name, row.entry_version, row.val_id = val.owner, val.name, val.version, val.id
        owned = asking is not NOBODY and asking == caller
        if served is not None:
            served.door.opens(row.id if owned else None)
        tray = None
        if served is None:
            tray = Tray(self._settings.fetch_body)
            served = Served(tray)
        held = joined.hold(self._most)
        try:
            if val is not None and manner is Manner.RUN and _needs_no_guest(val):
                self._load.insist_backlog()
                return self._stored(val, row, owned=owned)
            finished = await self._runner.run(Task(manner, caller, row, joined, val, args, served))
        finally:
            joined.release(held, row.cpu_us)
        return Outcome.of(finished, tray, owned=owned)

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

    def _insist_val(self, named: tuple[str, str, int | None], asking: Principal) -> Val:
        val = self._store.val(*named)
        if val is None or not (is_public(val) or principal_of(val.owner) == asking):
            raise NotFound(NO_VAL)
        return val

    def _stored(self, val: Val, row: EvaluationRow, *, owned: bool) -> Outcome:
        """Answer with a data val as it is; there is nothing to run."""
        answer = val.json if val.json is not None else b"null"
        value = Redactor({}).json(answer, self._settings.limits.field)
        row.value, row.value_type, row.ended, row.state = value, val.type, now_ms(), State.DONE
        self._store.finish_evaluation(row)
        self._load.count(row)
        return Outcome(row.id, row.caller, answer, val.type, None, owned)


def _needs_no_guest(val: Val) -> bool:
    """Whether a val is data whose JSON is known: undefined has none, and a Map, a bigint or a Response is for a guest to write."""
    if val.kind is not Kind.DATA or (val.payload or b"").startswith(RESPONSE):
        return False
    return val.json is not None or val.payload is None or val.type == "undefined"
