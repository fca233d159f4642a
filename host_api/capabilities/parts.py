"""What parsers of host calls share: insisting on the shape of plain values.

It must never guess: what is not exactly what the runtime sends is refused.
"""

from __future__ import annotations

from kernel.capability import Seen
from kernel.errors import BadRequest, PermissionRefused
from kernel.policy import Decision, Verdict
from kernel.principals import ME, Frame, Principal, is_name
from kernel.wire import Value

EXACT = 2**53 - 1
"""Number.MAX_SAFE_INTEGER; also far within what the database holds."""


def shape(values: tuple[Value, ...], count: int) -> tuple[Value, ...]:
    """Insist on so many values."""
    if len(values) != count:
        raise BadRequest(f"this host call takes {count} values")
    return values


def text(value: Value) -> str:
    """Insist on text that UTF-8 can carry; a lone surrogate becomes U+FFFD."""
    if not isinstance(value, str):
        raise BadRequest("a host call takes text here")
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def maybe_text(value: Value) -> str | None:
    """Insist on text or nothing."""
    return None if value is None else text(value)


def raw(value: Value) -> bytes:
    """Insist on bytes."""
    if not isinstance(value, bytes):
        raise BadRequest("a host call takes bytes here")
    return value


def integer(value: Value) -> int:
    """Insist on a whole number; JavaScript has one kind of number, and the engine two."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise BadRequest("a host call takes a whole number here")
    if abs(value) > EXACT:
        raise BadRequest("a host call takes a whole number here that JavaScript can count to")
    return int(value)


def owner(value: Value) -> Principal | None:
    """Insist on `me` (None) or the name of a principal."""
    name = text(value)
    if name == ME:
        return None
    if not is_name(name):
        raise BadRequest("a host call takes the name of a user here")
    return Principal(name)


def val_name(value: Value) -> str:
    """Insist on the name of a val."""
    name = text(value)
    if not is_name(name):
        raise BadRequest("a host call takes the name of a val here")
    return name


def spell(whose: Principal | None, name: str) -> str:
    """Write a reference as the language does."""
    return f"@{whose.name if whose else ME}.{name}"


def refused(frame: Frame, whose: Principal | None) -> Seen:
    """How a refused read shows: only the owner of a thing is told that it was refused, and not missing."""
    return Seen.REFUSED if whose == frame.caller else Seen.UNAVAILABLE


def is_error(decision: Decision) -> bool:
    """Whether the table says Error."""
    return decision.verdict is Verdict.ERROR


def permission_error(target: str) -> PermissionRefused:
    """Return the api column's one Error: private, refused and missing alike."""
    return PermissionRefused(f"{target} is not available here")
