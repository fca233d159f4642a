"""The store: what the rest of the house sees of the database.

Reads are plain calls on the thread that opened it, and see what any process has committed.
Writes are queued when they are called and answered, as futures, when they are durable.
Any number of processes may have the same file open.
What may be asked stands in `asked/`, one file a subject; here it is opened, closed, flushed and copied.
What it must never do: decide who may read or write; give a secret or a token to a log.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from host_api.store import connect, failures
from host_api.store.asked.accounts import AboutAccounts
from host_api.store.asked.base import Opened
from host_api.store.asked.evaluations import AboutEvaluations
from host_api.store.asked.intervals import AboutIntervals
from host_api.store.asked.mail import AboutMail
from host_api.store.asked.secret import AboutSecrets
from host_api.store.asked.vals import AboutVals
from host_api.store.beside import Beside
from host_api.store.keys import Keys
from host_api.store.known import Known
from host_api.store.locks import Presence
from host_api.store.model import Quota
from host_api.store.schema import MIGRATIONS
from host_api.store.url import path_of
from host_api.store.writer import Writer
from kernel.errors import BadSetting

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future


class Store(AboutAccounts, AboutSecrets, AboutVals, AboutMail, AboutEvaluations, AboutIntervals):
    """One open database; a context manager, plain or async."""

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
        reader = connect.open_reader(path)
        opened = Opened(
            path=path,
            reader=reader,
            known=Known(reader, path),
            keys=keys or Keys.beside(path),
            writer=Writer(partial(connect.connect, path), len(MIGRATIONS)),
            beside=Beside(path),
            presence=Presence(path.with_name(f"{path.name}.live")),
            quota=quota,
            delivers=delivers,
        )
        return cls(opened)

    def close(self) -> None:
        """Finish what is queued and let go; safe to call again."""
        self._beside.close()
        self._writer.close()
        self._presence.leave()
        self._known.close()
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @property
    def backlog(self) -> int:
        """How many writes wait for the disk."""
        return self._writer.waiting() + len(self._records.gathered)

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
