"""Vals and their versions: finding, writing, and changing them.

This file does not know the tables, nor who may ask.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from host_api.store import changing, failures, references, search, vals, writing
from host_api.store.asked.base import Base, Opened, reading
from host_api.store.changing import KEEP, Keep
from host_api.store.known import Shelf
from host_api.store.model import Kind, Privacy, Val, Version
from host_api.store.references import Named, Unknown
from host_api.store.search import Search
from host_api.store.vals import MANY
from host_api.store.writing import Draft

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future

T = TypeVar("T")


class AboutVals(Base):
    """What may be asked about vals."""

    def __init__(self, opened: Opened) -> None:
        """Take what is opened already."""
        super().__init__(opened)
        self._found: Shelf[Hashable, Val] = opened.known.on_vals(vals.weight)

    @reading
    def val(self, owner: str, name: str, version: int | None = None) -> Val | None:
        """Find a val by name: its newest version, or this one."""
        self._known.look()
        key = (owner, name, version)
        return self._found.get(key) or self._found.remember(key, vals.find(self._db, owner, name, version))

    def shelf(self, weigh: Callable[[T], int]) -> Shelf[Hashable, T]:
        """Make a shelf for what is made of vals: what lies on it right after `generation` was asked is as good as new."""
        return self._known.on_vals(weigh)

    def generation(self) -> int:
        """Return a number that is another one once a val anywhere, by any process, was written, renamed, shown, hidden or deleted."""
        known = self._known
        if known.header.raw != known.seen:  # asked twice in each request: no call, where nothing was committed
            try:
                known.look()
            except sqlite3.Error as error:
                raise failures.while_running(error) from error
        return known.counts[0]

    @reading
    def val_by_id(self, val_id: str, version: int | None = None) -> Val | None:
        """Find a val by its id: its newest version, or this one."""
        return vals.by_id(self._db, val_id, version)

    @reading
    def vals(self, owner_id: str, *, public_only: bool = False, limit: int = MANY, offset: int = 0) -> list[Val]:
        """An account's vals by name, without their stored values; to others only the public ones are listed."""
        privacies = (Privacy.PUBLIC,) if public_only else vals.EVERYTHING
        return vals.of(self._db, owner_id, privacies, limit, offset)

    @reading
    def versions(self, val_id: str, *, limit: int = MANY, offset: int = 0) -> list[Version]:
        """A val's history, newest first, without the stored values."""
        return vals.versions(self._db, val_id, limit, offset)

    @reading
    def free_name(self, owner: str, name: str) -> str:
        """Return the name, or one like it that the owner does not use yet."""
        return writing.free_name(self._db, owner, name)

    @reading
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

    @reading
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
