"""The processes that serve one port together, asking one another: whose evaluation runs with whom, and what each has counted.

A question is a line of JSON, and an answer is bytes, over a socket of each process in a folder that only this user may enter.
Whoever does not answer in time, or is gone, is left out: what is asked must be true without them too.
What it must never do: carry a secret, or anything that a val wrote but the id of an evaluation.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from host_api.processes.birth import Birth

Question = dict[str, str]
Answer = Callable[[Question], bytes]

PATIENCE_SECONDS = 2.0


class Siblings:
    """The others; where a process is alone, nobody."""

    def __init__(self, folder: Path | None = None, number: int = 0) -> None:
        """Take the folder where they meet, and this one's place."""
        self._folder, self.number = folder, number
        self._name = Birth.name(number, os.getpid())
        self._parent = os.getppid()

    @property
    def alone(self) -> bool:
        """Whether this process serves by itself."""
        return self._folder is None

    async def ask(self, question: Question) -> list[tuple[int, bytes]]:
        """Ask all others at once; return the place and the answer of each that gave one."""
        if self._folder is None:
            return []
        others = [path for path in self._folder.iterdir() if path.name != self._name and not path.name.startswith(".")]
        answers = await asyncio.gather(*(_asked(path, question) for path in others))
        return [(int(path.name.partition(".")[0]), one) for path, one in zip(others, answers, strict=True) if one]

    @asynccontextmanager
    async def answering(self, answer: Answer) -> AsyncIterator[None]:
        """Answer the others while the block runs; empty bytes are no answer."""
        if self._folder is None:
            yield
            return
        async with await asyncio.start_unix_server(lambda *ends: _answer(answer, *ends), sock=self._open(self._folder)):
            try:
                yield
            finally:
                self._leave(self._folder)

    def _leave(self, folder: Path) -> None:
        """Take one's name away; and the folder, if the supervisor, whose it is, has died, and one is the last in it."""
        (folder / self._name).unlink(missing_ok=True)
        if os.getppid() != self._parent:
            with suppress(OSError):
                folder.rmdir()

    def _open(self, folder: Path) -> socket.socket:
        """Listen first and have a name then: whoever is found answers."""
        unnamed = folder / f".{self._name}"
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            mine.bind(str(unnamed))
            mine.listen()
            unnamed.rename(folder / self._name)
        except BaseException:
            mine.close()
            raise
        return mine


async def _asked(path: Path, question: Question) -> bytes:
    """Ask one; nothing from who does not answer. The socket of one that died is taken away."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(json.dumps(question).encode() + b"\n")
                return await reader.read()
            finally:
                writer.close()
    except ConnectionRefusedError:
        _forget(path)
    except (OSError, TimeoutError):
        pass
    return b""


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _answer(answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one question; one that is not read, or comes too slowly, is not answered."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            writer.write(answer(json.loads(await reader.readline())))
            await writer.drain()
    except (OSError, TimeoutError, ValueError):
        pass
    finally:
        writer.close()
