"""What all subjects of the store share: the connection that reads, the thread that writes, the key, and this process among others.

This file does not know what is read or written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from host_api.store import failures
from host_api.store.beside import Beside
from host_api.store.keys import Keys
from host_api.store.known import Known
from host_api.store.locks import Presence
from host_api.store.model import Quota
from host_api.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """One database, opened. `delivers`: whether mail is to leave the outbox, since there is a server to take it."""

    path: Path
    reader: sqlite3.Connection
    known: Known
    keys: Keys
    writer: Writer
    beside: Beside
    presence: Presence
    quota: Quota
    delivers: bool


class Base:
    """One subject of an open database. The subjects are mixed into one Store: its callers say `store.val`, whatever the file."""

    def __init__(self, opened: Opened) -> None:
        """Take what is opened already."""
        self.path, self.quota, self._delivers = opened.path, opened.quota, opened.delivers
        self._db, self._writer, self._beside = opened.reader, opened.writer, opened.beside
        self._presence, self._keys, self._known = opened.presence, opened.keys, opened.known

    def _enter(self) -> str:
        """Say that this process lives, and return its id."""
        try:
            return self._presence.enter()
        except OSError as error:
            raise failures.while_running(error) from error


def reading(read: Callable[P, T]) -> Callable[P, T]:
    """Put what SQLite says during a read into our words."""

    @wraps(read)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except sqlite3.Error as error:
            raise failures.while_running(error) from error

    return told
