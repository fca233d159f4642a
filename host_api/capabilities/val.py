"""val: reading, loading and writing vals.

    @B.lib(1); @me.n++; @me.cfg.items[0] = x; delete @me.old; @me.list.push(1)

Authority: reading public vals of anybody, private vals and writing of the principal that the table names (rows 4 to 12).
Op 1 `read(owner, name, version, known)`: `Access.PUBLIC`, then `Access.PRIVATE`, which also answers for what is missing.
Op 3 `write(owner, name, bytes, json, type, text, expected)`, op 4 `write_source(owner, name, text, expected)`: `Access.WRITE`.
Op 5 `delete(owner, name, expected)`, op 6 `read_to_write(owner, name, known)`: a read and a write; if either is refused, nothing.
Op 7 `write_back(owner, name, bytes, json, type, text, expected)`: a change in place, at the end: own, private and unchanged only.
A refused read is `undefined`, a refused write a no-op; in the api column both are the one PermissionError.
Foreign code writes copyable data only, never over or away a code val; a val it makes is private.
Who pays: the evaluation, by its writes; the principal that owns the val, by its storage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from host_api.capabilities import parts
from host_api.capabilities.effects import before_effect
from host_api.capabilities.loaded import Loaded
from host_api.capabilities.val_operations import (
    ANY,
    NONE,
    READING,
    Delete,
    Read,
    ReadToWrite,
    Write,
    WriteSource,
)
from host_api.compiler import Compiler, Unit
from host_api.images import Images, Prepared
from host_api.sources import Sources, key_of
from host_api.store import MUST_NOT_EXIST, Kind, Privacy, Store, Val, is_public
from kernel import capability as contract
from kernel.capability import Answer, Call, Load, Operation, Run, Seen, Throw, Values
from kernel.errors import BadRequest, CloneRefused, CodeInTheWay, Conflict, LimitError, NotFound, SourceError
from kernel.policy import Access, Decision
from kernel.principals import NOBODY, Authority, Frame, Principal, frame_beside, principal_of
from kernel.wire import UNDEFINED, Value

MISSING, DATA, UNCHANGED, CODE, LEAVE = 0, 1, 2, 3, 4
IGNORED, WRITTEN, CONFLICT = 0, 1, 2


class Vals:
    """The capability; its powers are the store and the compiler."""

    name = "val"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {
        1: Read.parse,
        3: Write.parse,
        4: WriteSource.parse,
        5: Delete.parse,
        6: ReadToWrite.parse,
        7: Write.parse_back,
    }

    def __init__(self, store: Store, compiler: Compiler, images: Images) -> None:
        """Take the store, the compiler and the images of vals."""
        self._store, self._compiler, self._images = store, compiler, images

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - public vals are anybody's to read
        """Every guest may ask."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Act as the principal of the decision."""
        match operation:
            case Read():
                return await self._read(operation, call)
            case Write():
                return await self._write(operation, call)
            case WriteSource():
                return await self._write_source(operation, call)
            case Delete():
                return await self._delete(operation, call)
            case ReadToWrite():
                return await self._read_to_write(operation, call)
        raise BadRequest("val has no such operation")

    # -- reading ---------------------------------------------------------------------------------------

    def _find(self, run: Run, name: str, version: int, call: Call) -> tuple[Val, Decision] | None:
        """Return the val that the first granting decision reaches."""
        for ask, decision in zip(READING, call.decisions, strict=False):
            if decision.principal is None:
                continue
            wanted = version if version != NONE else Loaded.of(run).version(decision.principal, name)
            val = self._store.val(decision.principal.name, name, wanted)
            if val is not None and (ask is Access.PRIVATE or is_public(val)):
                return val, decision
        return None

    async def _read(self, read: Read, call: Call) -> Answer:
        found = self._find(call.run, read.val, read.version, call)
        if found is None:
            return self._unavailable(read.target, read.owner, call)
        if found[0].kind is Kind.CODE:
            return await self._code(*found, call, fixed=read.version == NONE)
        return self._data(*found, read.known, call)

    @staticmethod
    def _unavailable(target: str, owner: Principal | None, call: Call) -> Answer:
        decision = call.decisions[1]
        if parts.is_error(decision):
            return Answer(Throw(parts.permission_error(target)), Seen.ERROR, decision.row)
        seen = parts.refused(call.frame, owner) if decision.principal is None else Seen.UNAVAILABLE
        return Answer(Values((MISSING, NONE)), seen, decision.row)

    @staticmethod
    def _data(val: Val, decision: Decision, known: int, call: Call) -> Answer:
        if val.version == known:
            return Answer(Values((UNCHANGED, val.version)), row=decision.row)
        mine = call.frame.authority is Authority.OWN and decision.principal == call.frame.caller
        payload = UNDEFINED if val.payload is None else val.payload
        return Answer(Values((DATA, val.version, payload, mine)), row=decision.row)

    async def _code(self, val: Val, decision: Decision, call: Call, *, fixed: bool) -> Answer:
        """Answer with what code comes to in the guest of its author; one evaluation uses one version of it.

        What that guest's image holds, and is asked for by itself, it has at hand: then the key is enough.
        """
        loaded, owner, frame = Loaded.of(call.run), principal_of(val.owner), call.frame
        if fixed:
            loaded.fix(owner, val.name, val.version)
        own = frame.authority is Authority.OWN and owner == frame.caller
        authority, key = Authority.OWN if own else Authority.FOREIGN, key_of(owner, val.name, val.version)
        home = frame_beside(frame, owner, authority)
        prepared = None if own else await self._prepared(val, home, call.run)
        if key not in loaded.units:
            loaded.units[key] = await self._unit(val, key, prepared, call)
        start = call.run.starts.get(home)
        if home == frame and start is not None and key in start.units:
            return Answer(Values((CODE, val.version, key)), row=decision.row)
        return Answer(Load(owner, authority, loaded.units[key]), row=decision.row)

    async def _prepared(self, val: Val, home: Frame, run: Run) -> Prepared | None:
        """Have the guest of another's code be born with the first val that it is asked for, and what that names."""
        prepared = await self._images.of(val, Authority.FOREIGN)
        if prepared is not None and prepared.start is not None and home not in run.starts:
            run.starts[home] = prepared.start
        return prepared

    async def _unit(self, val: Val, key: str, prepared: Prepared | None, call: Call) -> contract.Unit:
        """Return what is to be loaded, compiled for its image or now, under the label by which stacks name it."""
        known = prepared.sources.get(key) if prepared else None
        unit = known.unit if known else await self._compiler.compile(val.code, _payer(call))
        owner, private = principal_of(val.owner), val.privacy is Privacy.PRIVATE
        source = Sources.of(call.run).add(owner, key, unit, private=private, own=owner == call.frame.caller)
        offered = prepared.units.get(key) if prepared else None
        return offered or contract.Unit(key, source.label, unit.parts(source.label))

    # -- writing ---------------------------------------------------------------------------------------

    @staticmethod
    def _ignored(target: str, decision: Decision) -> Answer:
        if parts.is_error(decision):
            return Answer(Throw(parts.permission_error(target)), Seen.ERROR, decision.row)
        return Answer(Values((IGNORED, NONE)), Seen.NOOP, decision.row)

    async def _write(self, write: Write, call: Call) -> Answer:
        (decision,) = call.decisions
        if decision.principal is None:
            return self._ignored(write.target, decision)
        if write.back and not self._may_write_back(write, decision.principal, call):
            return Answer(Values((IGNORED, NONE)), Seen.NOOP, decision.row)
        if len(write.payload) > call.run.limits.message:
            raise LimitError(f"a stored value has {call.run.limits.message} bytes at most")
        if not self._may_expect(write, decision.principal, call):
            return self._ignored(write.target, decision)
        text = write.json.encode() if write.json is not None else None
        code = _rendering(write, call.frame.authority)
        return await self._store_value(
            write, decision, call, code=code, kind=Kind.DATA, payload=write.payload, json=text
        )

    def _may_expect(self, write: Write, owner: Principal, call: Call) -> bool:
        """Whether a write may hang on a version: a conflict would tell foreign code of a val that it may not read."""
        if write.expected == ANY or call.frame.authority is Authority.OWN:
            return True
        val = self._store.val(owner.name, write.val)
        return val is not None and is_public(val)

    def _may_write_back(self, write: Write, owner: Principal, call: Call) -> bool:
        val = self._store.val(owner.name, write.val)
        return call.frame.authority is Authority.OWN and (val is None or val.privacy is Privacy.PRIVATE)

    async def _write_source(self, write: WriteSource, call: Call) -> Answer:
        (decision,) = call.decisions
        if decision.principal is None or call.frame.authority is Authority.FOREIGN:
            return self._ignored(write.target, decision)
        code = Sources.of(call.run).slice(write.text)
        unit = None if code is None else await self._compiled(code, call)
        if code is None or unit is None:
            raise CloneRefused(f"a function without a source of its own cannot be stored: {write.target}")
        named = unit.named(decision.principal.name)
        return await self._store_value(
            write, decision, call, code=code, kind=Kind.CODE, payload=None, json=None, named=named
        )

    async def _compiled(self, code: str, call: Call) -> Unit | None:
        try:
            return await self._compiler.compile(code, _payer(call))
        except SourceError:
            return None

    async def _store_value(
        self,
        write: Write | WriteSource,
        decision: Decision,
        call: Call,
        *,
        code: str,
        kind: Kind,
        payload: bytes | None,
        json: bytes | None,
        named: frozenset[tuple[str, str]] | None = None,
    ) -> Answer:
        run, owner = call.run, decision.principal
        _spend(run)
        try:
            val = await self._store.write_val(
                owner.name if owner else "",
                write.val,
                code=code,
                kind=kind,
                payload=payload,
                json=json,
                type=write.type if isinstance(write, Write) else "function",
                expected={ANY: None, NONE: MUST_NOT_EXIST}.get(write.expected, write.expected),
                only_data=call.frame.authority is Authority.FOREIGN,
                evaluation=run.evaluation,
                author=call.source,
                named=named,
            )
        except (CodeInTheWay, NotFound):
            # To the guest it looks like a write: whether there is a val that it may not read is not told.
            return Answer(Values((WRITTEN, NONE)), Seen.NOOP, decision.row)
        except Conflict:
            return Answer(Values((CONFLICT, NONE)), Seen.CONFLICT, decision.row)
        Loaded.of(run).unfix(principal_of(val.owner), val.name)
        version = val.version if call.frame.authority is Authority.OWN or is_public(val) else NONE
        return Answer(Values((WRITTEN, version)), row=decision.row, effect=True)

    async def _delete(self, delete: Delete, call: Call) -> Answer:
        decision = call.decisions[2]
        found = self._find(call.run, delete.val, NONE, call)
        if decision.principal is None or found is None or not _is_of(found[0], decision.principal):
            return self._ignored(delete.target, decision)
        run, foreign = call.run, call.frame.authority is Authority.FOREIGN
        _spend(run)
        try:
            gone = await self._store.delete_val(decision.principal.name, delete.val, only_data=foreign)
        except CodeInTheWay:
            return self._ignored(delete.target, decision)
        Loaded.of(run).unfix(decision.principal, delete.val)
        return Answer(Values((WRITTEN if gone else IGNORED, NONE)), row=decision.row, effect=gone)

    async def _read_to_write(self, read: ReadToWrite, call: Call) -> Answer:
        """The value, unless the read or the write is refused: then LEAVE, with the value if it may be read."""
        write = call.decisions[2]
        if parts.is_error(write):
            return self._ignored(read.target, write)
        found = self._find(call.run, read.val, NONE, call)
        if found is None:
            if parts.is_error(call.decisions[1]):
                return self._unavailable(read.target, read.owner, call)
            own = call.frame.authority is Authority.OWN and write.principal is not None
            seen = parts.refused(call.frame, read.owner)
            row = call.decisions[1].row
            return Answer(Values((MISSING if own else LEAVE, NONE)), Seen.GRANTED if own else seen, row)
        if found[0].kind is Kind.CODE:
            return Answer(Values((CODE, found[0].version)), row=found[1].row)
        answer = self._data(*found, read.known, call)
        if write.principal is not None and _is_of(found[0], write.principal):
            return answer
        payload = UNDEFINED if found[0].payload is None else found[0].payload
        return Answer(Values((LEAVE, found[0].version, payload)), Seen.NOOP, write.row)


def _spend(run: Run) -> None:
    """Have one more write begin; raise LimitError when there were too many."""
    run.spend("writes", 1, run.limits.writes, "writes")
    before_effect(run)


def _payer(call: Call) -> str | None:
    """Whose turn at the compiler it is: the caller's, whoever wrote the code."""
    return None if call.frame.caller == NOBODY else call.frame.caller.name


def _is_of(val: Val, owner: Principal) -> bool:
    """Whether what was read is what would be written: in the library column `@me.x` may be the author's, and writes the caller's."""
    return principal_of(val.owner) == owner


def _rendering(write: Write, authority: Authority) -> str:
    """Render a value in its writer's words; in foreign code's only if they are JSON: the owner may edit and save them."""
    if authority is Authority.OWN:
        return render(write.val, write.text if write.text is not None else write.json)
    try:
        json.loads(write.json or "")
    except (ValueError, RecursionError):
        return render(write.val, None)
    return render(write.val, write.json)


def render(name: str, text: str | None) -> str:
    """Write a stored value as source, for people; it is never run."""
    return f"export let {name} = {text if text is not None else 'undefined'};"
