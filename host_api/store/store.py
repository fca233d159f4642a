"""The store: what the rest of the house sees of the database.

Reads are plain calls on the thread that opened it, and see what any process has committed.
Writes are queued when they are called and answered, as futures, when they are durable.
Any number of processes may have the same file open.
What it must never do: decide who may read or write; give a secret or a token to a log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from host_api.store import (
    accounts,
    changing,
    connect,
    deliveries,
    evaluations,
    failures,
    intervals,
    outbox,
    references,
    rotation,
    search,
    secret,
    vals,
    writing,
)
from host_api.store.beside import Beside
from host_api.store.changing import KEEP, Keep
from host_api.store.clock import now_ms
from host_api.store.keys import Keys
from host_api.store.locks import Presence
from host_api.store.model import (
    ALL_SCOPES,
    Account,
    EvaluationRow,
    Interval,
    Kind,
    Mail,
    Privacy,
    Quota,
    Scope,
    Stage,
    Token,
    Val,
    Version,
)
from host_api.store.references import Named, Unknown
from host_api.store.rotation import Checked, Rotated
from host_api.store.schema import MIGRATIONS
from host_api.store.search import Search
from host_api.store.url import path_of
from host_api.store.vals import MANY
from host_api.store.writer import Writer
from host_api.store.writing import Draft
from kernel.errors import BadSetting

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future

P = ParamSpec("P")
T = TypeVar("T")

TOUCH_MS = 60_000
"""How exact `last_used_at` of a token is: it is not written at each use."""


def _reading(read: Callable[P, T]) -> Callable[P, T]:
    """Put what SQLite says during a read into our words."""

    @wraps(read)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except sqlite3.Error as error:
            raise failures.while_running(error) from error

    return told


class Store:
    """One open database; a context manager, plain or async."""

    def __init__(
        self, path: Path, reader: sqlite3.Connection, keys: Keys, quota: Quota, *, delivers: bool = False
    ) -> None:
        """Use `Store.open`."""
        self.path, self.quota, self._delivers = path, quota, delivers
        self._db, self._keys = reader, keys
        self._writer = Writer(partial(connect.connect, path), len(MIGRATIONS))
        self._presence = Presence(path.with_name(f"{path.name}.live"))
        self._pending: dict[str, EvaluationRow] = {}
        self._pending_bytes = 0
        self._touched: dict[str, int] = {}
        self._beside = Beside(path)

    @classmethod
    def open(
        cls,
        url: str | Path,
        keys: Keys | None = None,
        *,
        quota: Quota = Quota(),  # noqa: B008 — frozen
        delivers: bool = False,
    ) -> Store:
        """Make or migrate the database where needed, and open it; raise BadSetting or Overloaded.

        `url`: `sqlite:///relative.db`, `sqlite:////absolute.db` or a path.
        `delivers`: whether mail is to leave the outbox, since there is a server to take it.
        """
        path = path_of(url)
        return cls(path, connect.open_reader(path), keys or Keys.beside(path), quota, delivers=delivers)

    def close(self) -> None:
        """Finish what is queued and let go; safe to call again."""
        self._beside.close()
        self._writer.close()
        self._presence.leave()
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    # Accounts and tokens

    @_reading
    def account(self, name: str) -> Account | None:
        """Find an account, however its name is spelled."""
        return accounts.by_name(self._db, name)

    @_reading
    def account_by_id(self, account_id: str) -> Account | None:
        """Find an account by its id."""
        return accounts.by_id(self._db, account_id)

    @_reading
    def accounts(self) -> list[Account]:
        """All accounts, by name."""
        return accounts.everyone(self._db)

    @_reading
    def authenticate(self, token: str) -> tuple[Account, Token] | None:
        """Find whose valid token this is; None for a wrong, revoked or expired one."""
        found = accounts.authenticate(self._db, token)
        if found is not None:
            self._touch(found[1])
        return found

    def _touch(self, token: Token) -> None:
        now = now_ms()
        if now - max(self._touched.get(token.id, 0), token.last_used_at or 0) > TOUCH_MS:
            self._touched[token.id] = now
            self._writer.post(lambda db: accounts.touch_token(db, token.id, now))

    @_reading
    def tokens(self, account_id: str) -> list[Token]:
        """An account's tokens, oldest first."""
        return accounts.tokens(self._db, account_id)

    def add_account(self, name: str, email: str | None = None) -> Future[Account]:
        """Add an account; raise BadInput, or Conflict if the name is taken."""
        return self._writer.submit(lambda db: accounts.add(db, name, email))

    def add_token(
        self, account_id: str, name: str = "", scopes: Iterable[Scope] = ALL_SCOPES, expires_at: int | None = None
    ) -> Future[tuple[Token, str]]:
        """Make a token and return it with its text, which is kept nowhere; raise NotFound, BadInput."""
        return self._writer.submit(lambda db: accounts.add_token(db, account_id, name, scopes, expires_at))

    def revoke_token(self, account_id: str, token_id: str) -> Future[bool]:
        """Forget a token of this account; False if there is none."""
        return self._writer.submit(lambda db: accounts.revoke_token(db, account_id, token_id))

    # Secrets

    def unlock(self) -> Future[None]:
        """Make the key at the first start; raise BadSetting when the key is not this database's."""
        self._insist_key()
        return self._writer.submit(lambda db: secret.unlock(db, self._keys))

    @_reading
    def secret(self, owner: str, key: str) -> str | None:
        """Unseal a secret; None if there is none. Raises BadSetting: another key, or a row tampered with."""
        while True:
            found = secret.find(self._db, owner, key)
            if found is None:
                return None
            try:
                value = self._keys.cipher(found.check).unseal(found.sealed, found.about)
            except BadSetting:
                # The key may have been rotated between the look into the database and the one at its file.
                if secret.check(self._db) == found.check:
                    raise
            else:
                return value.decode("utf-8", "surrogatepass")

    @_reading
    def few_secrets(self, owner: str) -> dict[str, str] | None:
        """An account's secrets, as name by value, to be looked for in a text; None when they are many, or cannot be opened."""
        known = secret.check(self._db)
        try:
            return {} if known is None else secret.few(self._db, owner, self._keys.cipher(known))
        except BadSetting:
            return None

    @_reading
    def secret_names(self, owner: str) -> list[str]:
        """The names of an account's secrets, in order."""
        return secret.names(self._db, owner)

    def put_secret(self, owner: str, key: str, value: str) -> Future[None]:
        """Seal and keep a secret; raise NotFound, BadInput, BadSetting (another key)."""
        secret.insist_secret_name(key)
        self._insist_key()
        return self._writer.submit(lambda db: secret.put(db, self._keys, owner, key, value))

    def delete_secret(self, owner: str, key: str) -> Future[bool]:
        """Forget a secret; False if there is none. Raises NotFound (owner)."""
        return self._writer.submit(lambda db: secret.delete(db, owner, key))

    def rotate_key(self, to: Path | None = None) -> Rotated:
        """Seal all secrets with a new key, in `to` or in the place of the present file; raise BadSetting, Overloaded."""
        try:
            return rotation.rotate(self.path, self._keys, to)
        except (sqlite3.Error, OSError) as error:
            raise failures.on_opening(error, self.path) from error

    @_reading
    def check_secrets(self, file: Path | None = None) -> Checked:
        """Open every secret with the key, or with the one in this file; raise BadSetting for the first that does not."""
        return rotation.check(self._db, Keys(file, given=True) if file else self._keys)

    @_reading
    def _insist_key(self) -> None:
        """Raise BadSetting at once for another key; whether it is still the right one is seen within each write."""
        while (known := secret.check(self._db)) is not None:
            try:
                self._keys.cipher(known)
            except BadSetting:
                if secret.check(self._db) == known:
                    raise
            else:
                return

    # Vals

    @_reading
    def val(self, owner: str, name: str, version: int | None = None) -> Val | None:
        """Find a val by name: its newest version, or this one."""
        return vals.find(self._db, owner, name, version)

    @_reading
    def val_by_id(self, val_id: str, version: int | None = None) -> Val | None:
        """Find a val by its id: its newest version, or this one."""
        return vals.by_id(self._db, val_id, version)

    @_reading
    def vals(self, owner_id: str, *, public_only: bool = False, limit: int = MANY, offset: int = 0) -> list[Val]:
        """An account's vals by name, without their stored values; to others only the public ones are listed."""
        privacies = (Privacy.PUBLIC,) if public_only else vals.EVERYTHING
        return vals.of(self._db, owner_id, privacies, limit, offset)

    @_reading
    def versions(self, val_id: str, *, limit: int = MANY, offset: int = 0) -> list[Version]:
        """A val's history, newest first, without the stored values."""
        return vals.versions(self._db, val_id, limit, offset)

    @_reading
    def free_name(self, owner: str, name: str) -> str:
        """Return the name, or one like it that the owner does not use yet."""
        return writing.free_name(self._db, owner, name)

    @_reading
    def reference_count(self, val: Val, reader_id: str = "") -> int:
        """How many vals that the reader may see name this one."""
        return references.count(self._db, val, reader_id)

    async def search(self, text: str, reader_id: str = "", *, limit: int = 20, offset: int = 0) -> list[Val]:
        """Find vals whose name, code or readme has this text: public ones and the reader's own; raise Overloaded."""
        asked = Search(text, reader_id, limit, offset)
        return await self._beside.read(lambda db: search.find(db, asked), reader_id)

    async def listed_vals(
        self, owner_id: str, reader_id: str = "", *, public_only: bool, limit: int, offset: int
    ) -> list[Val]:
        """Do as `vals`, beside the loop, for this reader; raise Overloaded."""
        privacies = (Privacy.PUBLIC,) if public_only else vals.EVERYTHING
        return await self._beside.read(lambda db: vals.of(db, owner_id, privacies, limit, offset), reader_id)

    async def naming(self, val: Val, reader_id: str = "", *, limit: int = 20, offset: int = 0) -> list[Val]:
        """The vals that name this one, as far as the reader may see them, by owner and name; raise Overloaded."""
        return await self._beside.read(lambda db: references.to(db, val, reader_id, limit, offset), reader_id)

    async def named_by(self, val: Val, reader_id: str = "", *, limit: int = 20, offset: int = 0) -> list[Val]:
        """The vals that this one names, as far as the reader may see them, by owner and name; raise Overloaded."""
        return await self._beside.read(lambda db: references.of(db, val, reader_id, limit, offset), reader_id)

    @_reading
    def unindexed(self, after: str = "") -> tuple[str | None, list[Unknown]]:
        """Look at the next few vals, by id: the last one's (None: there are no more), and those nobody has looked for."""
        return references.unknown(self._db, after)

    def index(self, val_id: str, version: int, named: Named) -> Future[None]:
        """Keep what a version names that was written when nobody looked, unless there is a newer one by now."""
        return self._writer.submit(lambda db: references.keep_late(db, val_id, version, named))

    def write_val(  # noqa: PLR0913 — one per field of a version
        self,
        owner: str,
        name: str,
        *,
        code: str,
        kind: Kind,
        payload: bytes | None = None,
        json: bytes | None = None,
        type: str = "undefined",  # noqa: A002 — the field's name everywhere
        error: dict[str, object] | None = None,
        privacy: Privacy | None = None,
        readme: str | None = None,
        expected: int | None = None,
        only_data: bool = False,
        evaluation: str | None = None,
        author: str | None = None,
        run_start: int | None = None,
        run_end: int | None = None,
        renamed: str | None = None,
        forked: tuple[str, int] | None = None,
        named: Named | None = None,
    ) -> Future[Val]:
        """Write a new version, of a new val if need be.

        `renamed` is the id of a val that has another name until then: name and version change in one step.
        `privacy` and `readme` None keep what there is; a new val is private.
        `forked` is the version of a val that this new one is made of (it gets a free name); `named` is what the source names.
        `expected` is the version it must have now (MUST_NOT_EXIST: none); `only_data` refuses to replace code.
        Raises NotFound (owner), BadInput (name), Conflict, CodeInTheWay, LimitError (quota).
        """
        draft = Draft(
            owner=owner,
            name=name,
            code=code,
            kind=kind,
            payload=payload,
            json=json,
            type=type,
            error=error,
            privacy=privacy,
            readme=readme,
            expected=expected,
            only_data=only_data,
            evaluation=evaluation,
            author=author,
            run_start=run_start,
            run_end=run_end,
            forked=forked,
            named=named,
        )

        def write(db: sqlite3.Connection) -> Val:
            if renamed is not None:
                changing.update(db, renamed, self.quota, name=name)
            return writing.write(db, draft, self.quota)

        return self._writer.submit(write)

    def update_val(
        self,
        val_id: str,
        *,
        name: str | None = None,
        privacy: Privacy | None = None,
        readme: str | Keep | None = KEEP,
        all_versions: bool = False,
    ) -> Future[Val]:
        """Change what is not of a version; None and KEEP leave it. `all_versions` shows the private past too.

        Raises NotFound, BadInput (name), Conflict (the name is taken), LimitError.
        """
        changes = partial(changing.update, name=name, privacy=privacy, readme=readme, all_versions=all_versions)
        return self._writer.submit(lambda db: changes(db, val_id, self.quota))

    def delete_val(
        self, owner: str, name: str, *, expected: int | None = None, only_data: bool = False
    ) -> Future[bool]:
        """Delete a val by name, with its versions; False if there is none. Raises Conflict, CodeInTheWay."""
        return self._writer.submit(
            lambda db: changing.delete(db, vals.find(db, owner, name), expected=expected, only_data=only_data)
        )

    def delete_val_by_id(self, val_id: str, *, expected: int | None = None) -> Future[bool]:
        """Delete a val with its versions; False if there is none. Raises Conflict."""
        return self._writer.submit(
            lambda db: changing.delete(db, vals.by_id(db, val_id), expected=expected, only_data=False)
        )

    def delete_version(self, val_id: str, version: int) -> Future[None]:
        """Delete one old version; raise NotFound, or Conflict for the newest."""
        return self._writer.submit(lambda db: changing.delete_version(db, val_id, version))

    def restore(self, val_id: str, version: int) -> Future[Val]:
        """Write an old version again, as the newest; raise NotFound, LimitError."""
        return self._writer.submit(lambda db: changing.restore(db, val_id, version, self.quota))

    # Mail

    @_reading
    def mail(self, owner: str, *, limit: int = 1000) -> list[Mail]:
        """What the outbox holds for an account, newest first."""
        return outbox.of(self._db, owner, limit)

    def add_mail(
        self,
        to_account: str,
        subject: str,
        *,
        text: str | None = None,
        html: str | None = None,
        reply_to: str | None = None,
        from_val: str | None = None,
        author: str | None = None,
        evaluation: str | None = None,
    ) -> Future[Mail]:
        """Keep a message for an account (by id); raise NotFound, or LimitError over the messages a minute."""
        parts = {
            "subject": subject,
            "text": text,
            "html": html,
            "reply_to": reply_to,
            "from_val": from_val,
            "author": author,
            "evaluation": evaluation,
        }

        def add(db: sqlite3.Connection) -> Mail:
            mail = outbox.add(db, to_account, self.quota, parts)
            if self._delivers:
                deliveries.add(db, mail)
            return mail

        return self._writer.submit(add)

    @_reading
    def mail_is_due(self, now: int) -> bool:
        """Whether a message waits whose time has come and that nobody has in hand."""
        return deliveries.is_due(self._db, now)

    def claim_mail(self, now: int, most: int) -> Future[list[Mail]]:
        """Take some messages that are due in hand, for this process alone; raise Overloaded or HostFailure."""
        process = self._enter()
        return self._writer.submit(lambda db: deliveries.claim(db, process, now, most))

    def begin_delivery(self, mail_id: str) -> Future[bool]:
        """Say that a message is about to be handed over; False if it is not in this process's hand any more."""
        return self._writer.submit(lambda db: deliveries.begin(db, self._presence.id, mail_id))

    def settle_delivery(self, mail_id: str, stage: Stage, due: int, error: str | None) -> Future[None]:
        """Say what came of a try, and let go of the message."""
        return self._writer.submit(
            lambda db: deliveries.settle(db, self._presence.id, mail_id, stage=stage, due=due, error=error)
        )

    def release_mail(self) -> Future[None]:
        """Let go of what this process has in hand and did not begin to hand over."""
        return self._writer.submit(lambda db: deliveries.release(db, self._presence.id))

    async def recover_mail(self) -> None:
        """Take what dead processes had in hand from them; what was being handed over is never sent again."""
        dead = [one for one in self._delivering_processes() if not self._presence.alive(one)]
        for one in dead:
            await self._writer.submit(partial(deliveries.abandon, process=one))

    @_reading
    def _delivering_processes(self) -> list[str]:
        return deliveries.processes(self._db)

    # Evaluations

    @_reading
    def evaluation(self, evaluation_id: str) -> EvaluationRow | None:
        """Find one record, also one that is on its way to the disk."""
        return self._pending.get(evaluation_id) or evaluations.by_id(self._db, evaluation_id)

    @_reading
    def is_evaluation_of(self, evaluation_id: str, caller: str) -> bool:
        """Whether there is a record of this id that is this caller's."""
        row = self._pending.get(evaluation_id)
        if row is not None:
            return row.caller is not None and row.caller.casefold() == caller.casefold()
        return evaluations.is_of(self._db, evaluation_id, caller)

    async def listed_evaluations(
        self, account: Account, *, limit: int, offset: int, which: evaluations.Filter
    ) -> list[EvaluationRow]:
        """Do as `evaluations`, beside the loop: a filter that nothing passes reads all there are; raise Overloaded."""
        return await self._beside.read(lambda db: evaluations.of(db, account.name, which, limit, offset), account.id)

    @_reading
    def evaluations(
        self,
        caller: str | None,
        *,
        limit: int = 20,
        offset: int = 0,
        which: evaluations.Filter = evaluations.EVERY,
        whole: bool = False,
    ) -> list[EvaluationRow]:
        """A caller's records, newest first; None is anonymous. `await flush()` first to see the last 25 ms.

        Without args, logs, emails and calls, which may be large, unless `whole`.
        """
        return evaluations.of(self._db, caller, which, limit, offset, whole=whole)

    @_reading
    def evaluations_after(self, caller: str | None, place: int) -> list[tuple[int, EvaluationRow]]:
        """A caller's records later than a place in the log, oldest first, each with its place."""
        return evaluations.after(self._db, caller, place)

    @_reading
    def last_place(self) -> int:
        """The place of the newest record in the log."""
        return evaluations.last(self._db)

    @_reading
    def changes(self) -> int:
        """Return a number that differs after any process but this connection has written."""
        version: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return version

    def start_evaluation(self, row: EvaluationRow) -> Future[None]:
        """Queue the start row: before any write queued later, and on the disk within LAZY_SECONDS.

        Raises Overloaded or HostFailure when this process cannot say that it lives.
        """
        return self._record(row, urgent=False)

    def finish_evaluation(self, row: EvaluationRow) -> Future[None]:
        """Queue the whole row at its end; await it before the answer when there were effects."""
        return self._record(row, urgent=row.effects > 0)

    def _record(self, row: EvaluationRow, *, urgent: bool) -> Future[None]:
        process = self._enter()
        self._pending[row.id] = row
        self._pending_bytes += row.weight
        done = self._writer.submit(lambda db: evaluations.record(db, row, process), urgent=urgent)
        done.add_done_callback(lambda _: self._settled(row))
        return done

    def _enter(self) -> str:
        """Say that this process lives, and return its id."""
        try:
            return self._presence.enter()
        except OSError as error:
            raise failures.while_running(error) from error

    def _settled(self, row: EvaluationRow) -> None:
        self._pending_bytes -= row.weight
        if self._pending.get(row.id) is row:
            del self._pending[row.id]

    async def mark_interrupted(self) -> int:
        """Say of what dead processes left running that it was interrupted; return how many."""
        dead = [one for one in self._running_processes() if not (one and self._presence.alive(one))]
        self._presence.sweep()
        return sum([await self._writer.submit(partial(evaluations.interrupt, process=one)) for one in dead])

    @_reading
    def _running_processes(self) -> list[str]:
        return evaluations.running_processes(self._db)

    async def forget_evaluations(self, before: int) -> int:
        """Forget the records of evaluations that started before, some at a time; return how many."""
        return await self._repeated(lambda db: evaluations.forget(db, before))

    async def forget_beyond(self, most: int) -> int:
        """Forget each caller's oldest records beyond so many, some at a time; return how many."""
        callers = [None, *(account.name for account in self.accounts())]
        return sum([await self._repeated(partial(evaluations.forget_beyond, caller=one, most=most)) for one in callers])

    async def _repeated(self, some: Callable[[sqlite3.Connection], int]) -> int:
        """Do some work until there is none left; other writes get their turn in between."""
        done = 0
        while now := await self._writer.submit(some):
            done += now
        return done

    # Intervals

    @_reading
    def interval(self, val_id: str) -> Interval | None:
        """Find a val's schedule."""
        return intervals.of(self._db, val_id)

    def put_interval(self, val_id: str, schedule: str, *, now: int, next_run: int) -> Future[None]:
        """Give a val a schedule; the same one again changes nothing.

        Raises NotFound, BadInput (data does not run), LimitError (quota).
        """
        most = self.quota.intervals
        return self._writer.submit(lambda db: intervals.put(db, val_id, schedule, most, now=now, next_run=next_run))

    def end_interval(self, val_id: str) -> Future[bool]:
        """Take a val's schedule away; False if it has none."""
        return self._writer.submit(lambda db: intervals.end(db, val_id))

    @_reading
    def due_interval(self, now: int, passed_over: Sequence[str] = ()) -> Interval | None:
        """Find what has been due for longest and nobody has claimed, but for these owners' (ids)."""
        return intervals.due(self._db, now, passed_over)

    @_reading
    def next_interval(self, after: int) -> int | None:
        """When the next one is due after a time."""
        return intervals.soonest(self._db, after)

    def claim_interval(self, interval: Interval) -> Future[bool]:
        """Take a due one for this process, as it was found; False if anything has changed since."""
        process = self._enter()
        return self._writer.submit(lambda db: intervals.claim(db, interval, process))

    def settle_interval(self, interval: Interval, *, next_run: int, last_run: int | None = None) -> Future[None]:
        """Give this process's claim back; what was changed or taken away meanwhile stays so."""
        process = self._presence.id
        return self._writer.submit(lambda db: intervals.settle(db, interval, process, next_run, last_run))

    async def void_intervals(self) -> None:
        """Take the claims of dead processes away."""
        for process in self._claimants():
            if not self._presence.alive(process):
                await self._writer.submit(partial(intervals.void, process=process))

    @_reading
    def _claimants(self) -> list[str]:
        return intervals.claimants(self._db)

    # The whole

    @property
    def backlog(self) -> int:
        """How many writes wait for the disk."""
        return self._writer.backlog

    @property
    def backlog_bytes(self) -> int:
        """About how many bytes the records have that are on their way to the disk."""
        return self._pending_bytes

    def flush(self) -> Future[None]:
        """Bring everything queued to the disk now."""
        return self._writer.submit(lambda _: None)

    def backup(self, target: Path) -> None:
        """Copy the committed state to a new file; raise BadSetting. The key is not in it."""
        try:
            connect.copy(self.path, target)
        except FileExistsError as error:
            raise BadSetting(f"{target} is there already: choose another name.") from error
        except (sqlite3.Error, OSError) as error:
            raise failures.on_opening(error, target) from error
