"""What is the same for each evaluation of one thing by one requester: whose it is, in which frame, and what is known of its val.

A plan of a val is made of the val alone, and is good as long as no val has changed.
This file does not know what is asked now, nor whether a val may be run at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from host_api.sources import ENTRY, key_of
from host_api.store import Kind, Val
from kernel.policy import Policy
from kernel.principals import MOST_KNOWN, NOBODY, Authority, Frame, Principal, principal_of
from kernel.wire import Tag

RESPONSE = bytes((Tag.PLATFORM, 4))
"""How a stored Response begins (guests/runtime/web/crossing.js)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`caller` and `requester` are names, folded, None for anonymous; `owned`: the requester may read the record.

    Of a val, `label` is how this version is written and `key` what names it inside one evaluation. `own` code is run as it is;
    another's is reached by its label, which is then the caller's own code. `stored` is the JSON and the type of data that needs no guest.
    """

    frame: Frame
    caller: str | None
    requester: str | None
    owned: bool
    val: Val | None = None
    label: str = ENTRY
    key: str = ""
    own: bool = True
    stored: tuple[bytes, str] | None = None
    owner: str | None = None
    name: str | None = None
    version: int | None = None
    val_id: str | None = None


def plan_of_code(policy: str, caller: Principal) -> Plan:
    """Return the plan of a caller's own code that is not saved."""
    name = None if caller is NOBODY else caller.name
    return Plan(frame_of(policy, caller), name, name, owned=caller is not NOBODY)


def plan_of_val(policy: str, asking: Principal, val: Val, *, as_author: bool) -> Plan:
    """Return the plan of a val that may be run by whoever is asking."""
    owner = principal_of(val.owner)
    caller = owner if as_author else asking
    return Plan(
        frame_of(policy, caller),
        None if caller is NOBODY else caller.name,
        None if asking is NOBODY else asking.name,
        asking is not NOBODY and asking == caller,
        val,
        f"@{val.owner}.{val.name}@{val.version}",
        key_of(owner, val.name, val.version),
        owner == caller,
        (b"null" if val.json is None else val.json, val.type) if _needs_no_guest(val) else None,
        val.owner,
        val.name,
        val.version,
        val.id,
    )


@lru_cache(MOST_KNOWN)
def frame_of(policy: str, caller: Principal) -> Frame:
    """Return the frame of a caller's own code."""
    return Frame(Policy(policy), caller, caller, Authority.OWN)


def _needs_no_guest(val: Val) -> bool:
    """Whether a val is data whose JSON is known: undefined has none, and a Map, a bigint or a Response is for a guest to write."""
    if val.kind is not Kind.DATA or (val.payload or b"").startswith(RESPONSE):
        return False
    return val.json is not None or val.payload is None or val.type == "undefined"
