"""Which processes are alive: each one that runs evaluations holds a lock on a file of its own beside the database.

The system drops a lock when its process dies, however it dies, and process numbers that come round again mean nothing.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from host_api.store.ids import new_id

ATTEMPTS = 100


class Presence:
    """This process among those that use one database."""

    def __init__(self, folder: Path) -> None:
        """Use this folder; it is made when the first evaluation starts."""
        self._folder = folder
        self._held: int | None = None
        self.entered = False
        """Whether the lock is taken."""
        self.id = new_id()

    def enter(self) -> str:
        """Take the lock, once, and return this process's id; raise OSError."""
        if self._held is not None:
            return self.id
        attempts = 0
        while self._held is None:
            try:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._held = self._take()
            except (FileNotFoundError, FileExistsError):
                # Whoever left last took the folder away, just now; nobody does that for long.
                attempts += 1
                if attempts == ATTEMPTS:
                    raise
        self.entered = True
        return self.id

    def _take(self) -> int:
        # Locked before it has its name: a file that can be found without a lock belongs to the dead.
        unnamed = self._folder / f".{self.id}"
        held = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            unnamed.rename(self._folder / self.id)
        except BaseException:
            os.close(held)
            raise
        return held

    def alive(self, process: str) -> bool:
        """Whether the process of this id still lives; the file of a dead one is taken away."""
        if process == self.id:
            return True
        path = self._folder / process
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # not ours to judge
        try:
            # Shared: of several that ask at once none takes another's question for the life of a process.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(file)

    def sweep(self) -> None:
        """Take away what the dead left."""
        with suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                if not path.name.startswith("."):
                    self.alive(path.name)
        self._tidy()

    def leave(self) -> None:
        """Give the lock back; the last one takes the folder away."""
        if self._held is None:
            return
        (self._folder / self.id).unlink(missing_ok=True)
        os.close(self._held)
        self._held, self.entered = None, False
        self._tidy()

    def _tidy(self) -> None:
        with suppress(OSError):
            self._folder.rmdir()  # refused while anybody is in it
