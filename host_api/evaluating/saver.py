"""Saving: a val's top level runs once, as its owner, and what it comes to is kept as a version.

It must never look into a value: whether one copies is the runtime's to say.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from host_api.compiler import Compiler
from host_api.door import Manner
from host_api.evaluating.outcome import NO_VAL
from host_api.evaluating.plan import plan_of_code
from host_api.evaluating.recorded import Recorded
from host_api.evaluating.runner import Runner
from host_api.images import Images
from host_api.net.chain import FIRST, Chains
from host_api.settings import Settings
from host_api.store import Account, EvaluationRow, Kind, Privacy, Store, Val
from host_api.store.clock import now_ms
from host_api.store.ids import new_timed_id
from kernel.errors import Conflict, ErrorInfo, GuestError, NotFound, SourceError, TooLarge
from kernel.principals import Principal, insist_name, principal_of

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "iris", "juniper", "kelp", "lark")


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


class Saver:
    """Saves and forks vals, as the owner who is named."""

    def __init__(
        self, settings: Settings, store: Store, compiler: Compiler, images: Images, runner: Runner, chains: Chains
    ) -> None:
        """Take who runs a task; each save begins a chain of its own."""
        self._settings, self._store, self._compiler, self._runner = settings, store, compiler, runner
        self._images = images
        self._chains = chains

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
        account, known = self._insist_own(owner, val_id)
        if len(code.encode("utf-8", "replace")) > self._settings.code:
            raise TooLarge(f"The code is longer than {self._settings.code} bytes; split it into several vals.")
        unit = await self._compiler.compile(code, Principal(account.name).name, keep=True)
        wanted = name or (known.name if known else None) or unit.name or self._new_name(account.name)
        renamed = self._renamed(known, insist_name(wanted, "a val"))
        plan = plan_of_code(self._settings.policy, principal_of(account.name))
        now = now_ms()
        row = EvaluationRow(
            id=new_timed_id(now),
            caller=plan.caller,
            requester=plan.requester,
            source=source,
            policy=self._settings.policy,
            started=now,
            entry_owner=account.name,
            entry_name=self._store.free_name(account.name, wanted) if forked else wanted,
            val_id=known.id if known else None,
            code=code,
        )
        finished = await self._runner.run(plan, row, self._chains.join(FIRST), Manner.SAVE)
        about = _About(account.name, wanted, privacy, readme, renamed, unit.named(account.name), forked)
        val = await self._keep(about, code, finished)
        self._images.saved(val)
        return val

    async def fork(
        self, owner: str, val: Val, *, name: str | None = None, privacy: Privacy | None = None, source: str = "api"
    ) -> Val:
        """Make a val of this version of another: code is saved anew, as the new owner; data is copied, and nothing is run.

        A name that is taken gets a number. Whether the owner may see the version is decided before. Raises as `save` does.
        """
        if self._store.account(owner) is None:
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
        return await self._store.write_val(
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
            return (await self._compiler.compile(code, owner.casefold())).named(owner)
        except (SourceError, GuestError):
            return frozenset()

    def _insist_own(self, owner: str, val_id: str | None) -> tuple[Account, Val | None]:
        """Return the account and its val of this id, if one is named; raise NotFound."""
        account = self._store.account(owner)
        known = self._store.val_by_id(val_id) if val_id else None
        if account is None or (val_id and (known is None or known.owner_id != account.id)):
            raise NotFound(NO_VAL)
        return account, known

    def _renamed(self, known: Val | None, wanted: str) -> str | None:
        """Return the id of a val that is to get another name; raise Conflict if a different val has that."""
        if known is None or known.name == wanted:
            return None
        found = self._store.val(known.owner, wanted)
        if found is not None and found.id != known.id:
            raise Conflict(f"There is a val {wanted!r} already.")
        return known.id

    async def _keep(self, about: _About, code: str, finished: Recorded) -> Val:
        error, row = finished.error, finished.row
        payload = (
            finished.values[3] if error is None and len(finished.values) > len(("status", "json", "type")) else None
        )
        is_data = error is not None or isinstance(payload, bytes)
        return await self._store.write_val(
            about.owner,
            about.name,
            code=code,
            kind=Kind.DATA if is_data else Kind.CODE,
            payload=payload if isinstance(payload, bytes) else None,
            json=finished.json,
            type=finished.type,
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
        while self._store.val(owner, name) is not None:
            name = f"untitled_{secrets.choice(WORDS)}_{secrets.token_hex(2)}"
        return name


def _told(error: ErrorInfo) -> dict[str, object]:
    told: dict[str, object] = json.loads(
        json.dumps({"name": error.name, "message": error.message, "stack": error.stack})
    )
    places = {"line": error.line, "column": error.column}
    return told | {name: value for name, value in places.items() if value is not None}
