"""Content codings, undone a bounded piece at a time: a small body that unpacks to gigabytes is stopped after its first pieces.

This file does not know where bytes come from. Source: RFC 9110 §8.4; the Fetch standard, "handle content codings".
"""

from __future__ import annotations

import zlib
from typing import Protocol

MOST_CODINGS = 3
MOST_MEMBERS = 1_000
"""Parts of one gzip body; an empty one costs time and gives nothing."""
_GZIP, _ZLIB, _RAW = 31, 15, -15
_METHOD = 8


class Unreadable(Exception):
    """The body is not what its coding says, or does not end as it should."""


class Decoder(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> None:
        """Take coded bytes; `take` has given everything of those before."""

    def take(self, most: int) -> bytes:
        """Return up to `most` decoded bytes; none when more is needed."""

    def end(self) -> None:
        """Raise Unreadable unless all that began has ended."""


class Inflate:
    """gzip, of one part or several, and deflate, with or without zlib's head."""

    def __init__(self, *, gzip: bool) -> None:
        """Begin before the first byte."""
        self._gzip = gzip
        self._inflater: zlib._Decompress | None = None
        self._input = b""
        self._more = False
        self._members = 0

    def feed(self, data: bytes) -> None:
        """Take coded bytes."""
        self._input += data

    def take(self, most: int) -> bytes:
        """Return up to `most` decoded bytes."""
        while self._input or self._more:
            inflater = self._inflater or self._begin()
            if inflater is None:
                break
            piece = self._step(inflater, most)
            if piece:
                return piece
        return b""

    def _begin(self) -> zlib._Decompress | None:
        if self._members and not (self._gzip and self._input[0] == 0x1F):  # noqa: PLR2004 - how a part of gzip begins
            self._input = b""  # what stands behind the end is nobody's
            return None
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise Unreadable
        bits = _GZIP if self._gzip else _ZLIB if self._input[0] & 0xF == _METHOD else _RAW
        self._inflater = zlib.decompressobj(wbits=bits)
        return self._inflater

    def _step(self, inflater: zlib._Decompress, most: int) -> bytes:
        try:
            piece = inflater.decompress(self._input, most)
        except zlib.error:
            raise Unreadable from None
        self._more = len(piece) == most and not inflater.eof
        self._input = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        if inflater.eof:
            self._inflater = None
        return piece

    def end(self) -> None:
        """Insist that the last part has ended."""
        if self._inflater is not None:
            raise Unreadable


class Decoding:
    """All codings of one body, the last one undone first; none is a body as it is."""

    def __init__(self, codings: str) -> None:
        """Take the value of Content-Encoding; with one that we do not know, the body stays as it is."""
        names = [name.strip().lower() for name in codings.split(",")]
        wanted = [name for name in names if name not in {"", "identity"}]
        if len(wanted) > MOST_CODINGS:
            raise Unreadable
        known = all(name in {"gzip", "x-gzip", "deflate"} for name in wanted)
        self._stages: list[Decoder] = [Inflate(gzip=name != "deflate") for name in reversed(wanted)] if known else []
        self._plain = b""
        self.between = 0
        """Bytes that one coding gave another: they cost as much as those of the body, and none of them need come out."""
        self.unfinished = False
        """Whether the last `take` gave nothing because it stopped half way: take again, when others have had their turn."""

    @property
    def coded(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self._stages)

    def feed(self, data: bytes) -> None:
        """Take bytes of the body; `take` has given everything of those before."""
        if self._stages:
            self._stages[0].feed(data)
        else:
            self._plain += data

    def take(self, most: int) -> bytes:
        """Return up to `most` decoded bytes; none when more is needed, or when it is `unfinished`."""
        self.unfinished = False
        if self._stages:
            return self._take(len(self._stages) - 1, most)
        piece, self._plain = self._plain[:most], self._plain[most:]
        return piece

    def _take(self, at: int, most: int) -> bytes:
        stage = self._stages[at]
        piece = stage.take(most)
        if piece or at == 0:
            return piece
        coded = self._take(at - 1, most)
        if coded:
            stage.feed(coded)
            self.between += len(coded)
            self.unfinished = True
        return b""

    def end(self) -> None:
        """Insist that every coding has ended."""
        for stage in self._stages:
            stage.end()
