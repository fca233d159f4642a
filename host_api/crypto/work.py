"""What all work has in common: its shape, its price, how it is refused.

The refusals carry the names of the Web Cryptography API, so that the runtime can make its errors of them. Their messages never
repeat bytes they were given, nor words of the library's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from cryptography.hazmat.primitives import hashes

from kernel.capability import Ask
from kernel.errors import BadRequest, Refusal
from kernel.wire import Value

Check = Callable[[Value], object]
LARGEST_DER = 4096
"""Bytes of an encoded key; an RSA key of 4096 bits takes 2,400."""
BASE = 20
"""Microseconds of the smallest piece of work."""
BYTES_A_MICROSECOND = 400
"""What the slowest hash does, with room: a machine without instructions for AES and SHA is that much slower than ours."""

HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA-1": hashes.SHA1(),  # noqa: S303 - the standard has it, and webhooks are signed with it
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
}


class DataError(Refusal):
    """Bytes that are no such key."""

    code = "crypto"
    guest_name = "DataError"


class OperationError(Refusal):
    """What the algorithm cannot do with these bytes."""

    code = "crypto"
    guest_name = "OperationError"


class Work(Protocol):
    """A piece of work: `shape` checks its values one by one, `price` is known before, `do` gives the answer or refuses."""

    name: ClassVar[str]
    shape: ClassVar[tuple[Check, ...]]

    def price(self) -> int:
        """Return microseconds of a processor: an estimate, and rather too much."""

    def do(self) -> Value:
        """Do it, on any thread; raise DataError or OperationError."""


@dataclass(frozen=True, slots=True)
class Order:
    """Work as the kernel's operation: nobody is asked for leave, and the record names no bytes."""

    work: Work
    target: ClassVar[str] = ""
    asks: ClassVar[tuple[Ask, ...]] = ()

    @property
    def name(self) -> str:
        """The word for it in records."""
        return self.work.name

    def run(self) -> Value:
        """Do it. A panic of the library's is no Exception; nobody above would catch it, and the server would end."""
        try:
            return self.work.do()
        except (Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as panic:
            raise RuntimeError("the library panicked") from panic


def order(kind: type[Work]) -> Callable[[tuple[Value, ...]], Order]:
    """Return the parser of one kind of work."""
    make: Callable[..., Work] = kind

    def parse(values: tuple[Value, ...]) -> Order:
        if len(values) != len(kind.shape):
            raise BadRequest(f"this host call takes {len(kind.shape)} values")
        return Order(make(*(check(value) for check, value in zip(kind.shape, values, strict=True))))

    return parse


# -- checks ---------------------------------------------------------------------------------------------


def raw(value: Value) -> bytes:
    """Insist on bytes."""
    if not isinstance(value, bytes):
        raise BadRequest("a host call takes bytes here")
    return value


def one_of(*names: str) -> Check:
    """Insist on one of these words."""

    def check(value: Value) -> str:
        if not isinstance(value, str) or value not in names:
            raise BadRequest(f"a host call takes one of {', '.join(names)} here")
        return value

    return check


def sized(sizes: range | tuple[int, ...], why: str) -> Check:
    """Insist on bytes of one of these lengths."""

    def check(value: Value) -> bytes:
        given = raw(value)
        if len(given) not in sizes:
            raise OperationError(why)
        return given

    return check


def number(allowed: range | tuple[int, ...], why: str) -> Check:
    """Insist on a whole number among these."""

    def check(value: Value) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise BadRequest("a host call takes a whole number here")
        whole = int(value)  # first: Python looks for a float in a range by counting through all of it
        if whole not in allowed:
            raise OperationError(why)
        return whole

    return check


def truth(value: Value) -> bool:
    """Insist on true or false."""
    if not isinstance(value, bool):
        raise BadRequest("a host call takes true or false here")
    return value


def der(value: Value) -> bytes:
    """Insist on bytes that are no longer than a key."""
    given = raw(value)
    if len(given) > LARGEST_DER:
        raise DataError("this is longer than any key that is taken")
    return given


hashing = one_of(*HASHES)


def by_bytes(*data: bytes) -> int:
    """Return the price of going through so many bytes once."""
    return BASE + sum(map(len, data)) // BYTES_A_MICROSECOND
