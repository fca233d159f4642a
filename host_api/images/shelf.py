"""Images, and what the compiler said, on the disk: a folder of ours alone, bounded, whose every file is signed with a key that is kept elsewhere.

What is in a file becomes the memory of guests that act for somebody: a file that anybody else has written, changed or exchanged for
another must be as if it was not there. Everything here may be deleted at any time.
This file does not know what is in an image.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import stat
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

from kernel.image import BadImage, Image

_SIGNED = 32
_LENGTH = struct.Struct("<I")
SUFFIX = ".image"
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
PRUNED_EVERY = 32
"""Files that are written between two looks at how large the folder is."""


class Shelf:
    """The folder. `about` says which engine, runtime and wasmtime its images are for."""

    def __init__(self, folder: Path | None, key: bytes, about: str, most: int) -> None:
        """Take the folder (None: nothing is kept), the key that signs, and the most bytes in all."""
        self.about = about
        self._folder, self._key, self._most = folder if most else None, key, most
        self._written = 0

    async def image(self, digest: str) -> tuple[Image, frozenset[str]] | None:
        """Return the image of this address and the keys of what is in it; None if there is none that can be trusted."""
        data = await self.get(digest)
        return None if data is None else _parse(data)

    async def keep(self, digest: str, image: Image, keys: frozenset[str]) -> None:
        """Keep one, as `put` does."""
        listed = json.dumps(sorted(keys)).encode()
        await self.put(digest, _LENGTH.pack(len(listed)) + listed + image.to_bytes())

    async def get(self, name: str) -> bytes | None:
        """Return what was kept under this name; None if there is nothing that can be trusted."""
        return None if self._folder is None else await asyncio.to_thread(self._read, self._folder, name)

    async def put(self, name: str, data: bytes) -> None:
        """Keep it; what cannot be written is not kept, and what is oldest goes where it is too much."""
        if self._folder is not None:
            await asyncio.to_thread(self._write, self._folder, name, data)

    def _read(self, folder: Path, name: str) -> bytes | None:
        if not _is_our_folder(folder):
            return None
        path = folder / (name + SUFFIX)
        try:
            with os.fdopen(os.open(path, _READING), "rb") as file:
                data = file.read() if self._is_our_file(os.fstat(file.fileno())) else b""
            os.utime(path)
        except OSError:
            return None
        body = data[_SIGNED:]
        return body if hmac.compare_digest(data[:_SIGNED], self._sign(name, body)) else None

    def _write(self, folder: Path, name: str, data: bytes) -> None:
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_our_folder(folder) or _SIGNED + len(data) > self._most:
                return
            handle, made = tempfile.mkstemp(dir=folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self._sign(name, data) + data)
                Path(made).replace(folder / (name + SUFFIX))
            except OSError:
                Path(made).unlink(missing_ok=True)  # a full disk does not fill with halves
                raise
            self._written += 1
            if self._written % PRUNED_EVERY == 1:
                self._prune(folder)

    def _prune(self, folder: Path) -> None:
        """Delete what was used longest ago, until the rest fits."""
        found = sorted(((path.stat(), path) for path in folder.iterdir()), key=lambda one: one[0].st_mtime)
        size = sum(status.st_size for status, _ in found)
        for status, path in found:
            if size <= self._most:
                return
            path.unlink(missing_ok=True)
            size -= status.st_size

    def _is_our_file(self, found: os.stat_result) -> bool:
        return stat.S_ISREG(found.st_mode) and _only_ours(found) and found.st_size <= self._most

    def _sign(self, digest: str, body: bytes) -> bytes:
        """Sign a file under its name: one does not stand for another."""
        return hmac.digest(self._key, f"{self.about}\0{digest}\0".encode() + body, "sha256")


def _parse(body: bytes) -> tuple[Image, frozenset[str]] | None:
    try:
        (size,) = _LENGTH.unpack_from(body)
        keys = json.loads(body[_LENGTH.size : _LENGTH.size + size])
        return Image.parse(body[_LENGTH.size + size :]), frozenset(map(str, keys))
    except (struct.error, ValueError, TypeError, BadImage):
        return None


def _is_our_folder(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and _only_ours(found)


def _only_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
