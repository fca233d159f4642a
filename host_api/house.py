"""The house: everything opened, and the two things that are done in it: evaluating and saving.

HTTP and the command line call it; it decides whose evaluation it is and whether the entry may be run at all.
It must never look into a value, nor decide what running code may touch: that is the membrane's.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from platformdirs import user_cache_dir

from host_api.audit.redact import Redactor
from host_api.capabilities import capabilities
from host_api.capabilities.api import Told
from host_api.capabilities.val import is_public, references_json
from host_api.compiler import Compiler, Unit
from host_api.door import DOOR, Head, Manner, Served, Tray
from host_api.load.load import Load
from host_api.net.chain import CHAIN, FIRST, MICRO, Bill, Chain, Chains, Link, link_below
from host_api.net.client import Client
from host_api.runs import Finished, Recorded, keep_record, new_id, type_of
from host_api.settings import Settings
from host_api.sources import ENTRY, Sources
from host_api.store import EvaluationRow, Kind, Privacy, State, Store, Val
from host_api.store.clock import now_ms
from host_api.underway import Underway
from kernel import evaluation
from kernel.capability import Capability, Run
from kernel.engine import Engine
from kernel.errors import (
    BadSetting,
    BrokenGuest,
    Conflict,
    ErrorInfo,
    GuestError,
    NotFound,
    SourceError,
    TooLarge,
    ValgateError,
)
from kernel.evaluation import Evaluation, Kernel
from kernel.limits import MIB, Limits
from kernel.policy import Policy
from kernel.principals import NOBODY, Authority, Frame, Principal, insist_name
from kernel.wire import Op, Tag, Value

BUILT = Path(__file__).parent.parent / "guests" / "build"
RESPONSE = bytes((Tag.PLATFORM, 4))
"""How a stored Response begins (guests/runtime/web/crossing.js)."""
NO_VAL = "There is no such val."
COMPILER_LIMITS = Limits(cpu=1.0, wall=90.0, memory=256 * MIB, stack=4 * MIB)
COMPILER_PACE = 8 * 1024
"""Characters of source that earn the compiler one more second: five times what it needs; nobody's evaluation pays it."""
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "iris", "juniper", "kelp", "lark")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is run: code that was sent, or a val as (owner, name, version or None). Exactly one."""

    code: str | None = None
    val: tuple[str, str, int | None] | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One evaluation to be run: how, whose, its record so far, and what it is given."""

    manner: Manner
    caller: Principal
    row: EvaluationRow
    chain: Chain
    val: Val | None = None
    args: bytes | None = None
    served: Served | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation came to. `json` is bare JSON; `owned` says whether the requester may read the record.

    `answer` is what the val answered itself, where nobody else was at the door.
    """

    evaluation: str
    caller: str | None
    json: bytes
    type: str
    error: ErrorInfo | None
    owned: bool
    answer: tuple[Head, bytes] | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """What is kept of a val beside its code and what its run came to.

    `renamed` is the id of a val that takes this name with the version; None elsewhere keeps what there is.
    """

    owner: str
    name: str
    privacy: Privacy | None
    readme: str | None
    renamed: str | None
    named: frozenset[tuple[str, str]]
    forked: tuple[str, int] | None


class House:
    """Everything open. Use `async with House.open(settings)`."""

    def __init__(self, settings: Settings, store: Store, kernel: Kernel, compiling: Kernel, client: Client) -> None:
        """Use `House.open`."""
        self.settings, self.store = settings, store
        self._kernel, self._compiling = kernel, compiling
        kernel.most_guests = compiling.most_guests = settings.guests_alive
        self.load = Load(
            store, evaluations=settings.evaluations, concurrency=settings.concurrency, backlog=settings.backlog
        )
        self.compiler = Compiler(self._compile)
        self.underway = Underway()
        self._chains = Chains(settings.api_chain, settings.limits.cpu)
        self._client = client
        self._capabilities: tuple[Capability, ...] = capabilities(
            store, self.compiler, client, settings.fetching, self.call
        )

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator[Self]:
        """Open the store and the engine; raise BadSetting that says what to do."""
        async with AsyncExitStack() as stack:
            store = stack.enter_context(settings.open_store())
            engine = stack.enter_context(
                Engine(_built("engine.wasm"), Path(user_cache_dir("valgate", appauthor=False)))
            )
            kernel = Kernel(engine, engine.program(_built("runtime.wasm")))
            compiling = Kernel(engine, engine.program(_built("compiler.wasm")), kernel.scheduler)
            client = await stack.enter_async_context(
                Client.open(settings.fetch_rules, settings.own_addresses, connections=settings.fetch_connections)
            )
            yield cls(settings, store, kernel, compiling, client)

    async def _compile(self, source: str) -> str:
        """Call the compiler: a guest without handles, made for this source."""
        frame = Frame(Policy.STRICT, NOBODY, NOBODY, Authority.FOREIGN)
        limits = replace(COMPILER_LIMITS, cpu=COMPILER_LIMITS.cpu + len(source) / COMPILER_PACE)
        run = Run("compiler", limits, _Silent())
        (answer,) = await Evaluation(self._compiling, frame, run, (), "compiler").run(
            evaluation.Entry(Op.PURE, (source,))
        )
        if not isinstance(answer, str):
            raise BrokenGuest("The compiler gave an answer that cannot be read.")
        return answer

    # -- evaluating ------------------------------------------------------------------------------------

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
        asking = Principal(requester) if requester else NOBODY
        val = self._insist_val(entry.val, asking) if entry.val else None
        caller = Principal(val.owner) if val and as_author else asking
        row = EvaluationRow(
            id=new_id(),
            caller=None if caller == NOBODY else caller.name,
            requester=None if asking == NOBODY else asking.name,
            source=source,
            policy=policy or self.settings.policy,
            started=now_ms(),
            args=args,
            code=entry.code,
            parent=parent,
        )
        if val is not None:
            row = replace(row, entry_owner=val.owner, entry_name=val.name, entry_version=val.version, val_id=val.id)
        owned = asking == caller and asking != NOBODY
        if served is not None:
            served.door.opens(row.id if owned else None)
        tray = Tray(self.settings.fetch_body)
        with joined.paying(int(self.settings.limits.cpu * MICRO)) as bill:
            if val is not None and manner is Manner.RUN and _needs_no_guest(val):
                self.load.insist_backlog()
                return self._stored(val, row, owned=owned)
            task = Task(manner, caller, row, joined, val, args, served or Served(tray))
            outcome = _outcome(await self._run(task, bill), owned=owned)
        return outcome if tray.head is None else replace(outcome, answer=(tray.head, bytes(tray.body)))

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
        val = self.store.val(*named)
        if val is None or (Principal(val.owner) != asking and not is_public(val)):
            raise NotFound(NO_VAL)
        return val

    def _stored(self, val: Val, row: EvaluationRow, *, owned: bool) -> Outcome:
        """Answer with a data val as it is; there is nothing to run."""
        answer = val.json if val.json is not None else b"null"
        value = Redactor({}).json(answer, self.settings.limits.field)
        row = replace(row, value=value, ended=now_ms(), value_type=val.type, state=State.DONE)
        keep_record(self.store, row)
        self.load.ended(row)
        return Outcome(row.id, row.caller, answer, val.type, None, owned)

    async def _run(self, task: Task, bill: Bill) -> Finished:
        frame = Frame(Policy(task.row.policy), task.caller, task.caller, Authority.OWN)
        settings = self.settings
        recorded = Recorded(
            self._kernel, self.store, self._capabilities, settings.limits, frame, task.row, self.underway, settings.tree
        )
        recorded.run.state[CHAIN] = task.chain
        if task.served is not None:
            recorded.run.state[DOOR] = task.served.door
        with self.load.evaluating(task.row.caller):
            try:
                name, values = await self._entered(task, recorded.run)
                return await recorded.go(evaluation.Entry(Op.ENTER, values), name)
            finally:
                bill.used = recorded.row.cpu_us
                self.load.ended(recorded.row)

    @property
    def fetch_connections(self) -> int:
        """How many connections fetches have open."""
        return self._client.room.used

    @property
    def guests(self) -> int:
        """How many guests are alive, compilers too."""
        return self._kernel.guests + self._compiling.guests

    async def _entered(self, task: Task, run: Run) -> tuple[str, tuple[Value, ...]]:
        """Return what the entry is called, and what the runtime's `enter` takes."""
        val, code = task.val, task.row.code or ""
        if val is None:
            return ENTRY, self._entry(run, task, ENTRY, await self.compiler.compile(code), hidden=False)
        name = f"@{val.owner}.{val.name}@{val.version}"
        if Principal(val.owner) != task.caller:
            # Another's: the caller's own code is its name.
            return ENTRY, self._entry(run, task, ENTRY, await self.compiler.compile(name), hidden=False)
        if val.kind is Kind.DATA:
            return name, (task.manner, name, val.payload, None, *_given(task))
        hidden = val.privacy is Privacy.PRIVATE
        return name, self._entry(run, task, name, await self.compiler.compile(val.code), hidden=hidden)

    @staticmethod
    def _entry(run: Run, task: Task, name: str, unit: Unit, *, hidden: bool) -> tuple[Value, ...]:
        """Return what the runtime's `enter` takes; others see no name of a hidden val, not in a stack either."""
        source = Sources.of(run).add(task.caller, name, unit, private=hidden, own=True)
        return task.manner, source.label, unit.code, references_json(unit), *_given(task)

    # -- saving ----------------------------------------------------------------------------------------

    async def save(
        self,
        *,
        owner: str,
        code: str,
        name: str | None = None,
        privacy: Privacy | None = None,
        readme: str | None = None,
        val_id: str | None = None,
        source: str = "api",
        forked: tuple[str, int] | None = None,
    ) -> Val:
        """Run a val's top level once as its owner, and keep the version: data if its value copies, else code.

        `forked` is the version of another val that this new one is made of.

        Raises SourceError, BadInput (name), NotFound (owner, val_id), TooLarge (code), LimitError (quota).
        """
        account = self.store.account(owner)
        known = self.store.val_by_id(val_id) if val_id else None
        if account is None or (val_id and (known is None or known.owner_id != account.id)):
            raise NotFound(NO_VAL)
        if len(code.encode("utf-8", "replace")) > self.settings.code:
            raise TooLarge(f"The code is longer than {self.settings.code} bytes; split it into several vals.")
        unit = await self.compiler.compile(code)
        wanted = name or (known.name if known else None) or unit.name or self._new_name(account.name)
        insist_name(wanted, "a val")
        renamed = known if known is not None and known.name != wanted else None
        if renamed is not None and _is_another(renamed, self.store.val(owner, wanted)):
            raise Conflict(f"There is a val {wanted!r} already.")
        row = EvaluationRow(
            id=new_id(),
            caller=Principal(account.name).name,
            requester=Principal(account.name).name,
            source=source,
            policy=self.settings.policy,
            started=now_ms(),
            entry_owner=account.name,
            entry_name=self.store.free_name(account.name, wanted) if forked else wanted,
            val_id=known.id if known else None,
            code=code,
        )
        task = Task(Manner.SAVE, Principal(account.name), row, self._chains.join(FIRST))
        finished = await self._run(task, Bill())
        given = renamed.id if renamed else None
        about = _About(account.name, wanted, privacy, readme, given, unit.named(account.name), forked)
        return await self._keep(about, code, finished)

    async def fork(
        self, owner: str, val: Val, *, name: str | None = None, privacy: Privacy | None = None, source: str = "api"
    ) -> Val:
        """Make a val of this version of another: code is saved anew, as the new owner; data is copied, and nothing is run.

        A name that is taken gets a number. Whether the owner may see the version is decided before. Raises as `save` does.
        """
        if self.store.account(owner) is None:
            raise NotFound(NO_VAL)
        wanted = insist_name(name or val.name, "a val")
        forked = (val.id, val.version)
        if val.kind is Kind.CODE:
            return await self.save(
                owner=owner,
                code=val.code,
                name=wanted,
                privacy=privacy,
                readme=val.readme,
                source=source,
                forked=forked,
            )
        return await self.store.write_val(
            owner,
            wanted,
            code=val.code,
            kind=val.kind,
            payload=val.payload,
            json=val.json,
            type=val.type,
            privacy=privacy,
            readme=val.readme,
            author=f"@{owner}",
            forked=forked,
            named=await self.named(val.code, owner) if val.author == f"@{val.owner}" else frozenset(),
        )

    async def named(self, code: str, owner: str) -> frozenset[tuple[str, str]]:
        """Which vals a source of this owner's names, as (owner, name), folded; what does not compile names none."""
        try:
            return (await self.compiler.compile(code)).named(owner)
        except (SourceError, GuestError):
            return frozenset()

    async def _keep(self, about: _About, code: str, finished: Finished) -> Val:
        error, row = finished.error, finished.row
        text, _, payload = (*finished.values[1:4], None, None, None)[:3] if error is None else (None, None, None)
        is_data = error is not None or isinstance(payload, bytes)
        return await self.store.write_val(
            about.owner,
            about.name,
            code=code,
            kind=Kind.DATA if is_data else Kind.CODE,
            payload=payload if isinstance(payload, bytes) else None,
            json=text.encode("utf-8", "replace") if isinstance(text, str) else None,
            type=type_of(finished.values) if error is None else "undefined",
            error=None if error is None else _told(error),
            privacy=about.privacy,
            readme=about.readme,
            renamed=about.renamed,
            evaluation=row.id,
            author=f"@{about.owner}",
            run_start=row.started,
            run_end=row.ended,
            forked=about.forked,
            named=about.named,
        )

    def _new_name(self, owner: str) -> str:
        """Return an `untitled_<word>` that the owner does not use yet."""
        name = f"untitled_{secrets.choice(WORDS)}"
        while self.store.val(owner, name) is not None:
            name = f"untitled_{secrets.choice(WORDS)}_{secrets.token_hex(2)}"
        return name


class _Silent:
    """Records nothing: the compiler has nothing to record."""

    def open(self, node: object) -> None:
        """Take nothing."""

    def close(self, node: object) -> None:
        """Take nothing."""


def _given(task: Task) -> tuple[Value, Value]:
    """Return a request, or arguments, as text; and a body."""
    if task.served is None or task.served.request is None:
        return None if task.args is None else task.args.decode("utf-8", "replace"), None
    return task.served.request.decode(), task.served.body


def _is_another(val: Val, found: Val | None) -> bool:
    return found is not None and found.id != val.id


def _needs_no_guest(val: Val) -> bool:
    """Whether a val is data whose JSON is known: undefined has none, and a Map, a bigint or a Response is for a guest to write."""
    if val.kind is not Kind.DATA or (val.payload or b"").startswith(RESPONSE):
        return False
    return val.json is not None or val.payload is None or val.type == "undefined"


def _built(name: str) -> bytes:
    try:
        return (BUILT / name).read_bytes()
    except OSError:
        raise BadSetting("The guest is not built: run `make guests`, or `python -m guests.build`.") from None


def _outcome(finished: Finished, *, owned: bool) -> Outcome:
    row = finished.row
    text = finished.values[1] if finished.error is None and len(finished.values) > 1 else None
    answer = text.encode("utf-8", "replace") if isinstance(text, str) else b"null"
    kind = type_of(finished.values) if finished.error is None else "undefined"
    return Outcome(row.id, row.caller, answer, kind, finished.error, owned)


def _told(error: ErrorInfo) -> dict[str, object]:
    told: dict[str, object] = json.loads(
        json.dumps({"name": error.name, "message": error.message, "stack": error.stack})
    )
    places = {"line": error.line, "column": error.column}
    return told | {name: value for name, value in places.items() if value is not None}
