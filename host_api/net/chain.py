"""A chain: evaluations that led to one another, by `api()` or by a fetch of this server, and the account they share.

Each evaluation but the first holds all the processor time that it may use before it starts, and gives back what it did not use.
So a chain that cannot afford another is refused before that one starts, and so are too many at once.
Over HTTP a call to this server's own addresses says in a header how deep it is and whose account it is on: sent to nobody else,
and never a val's to set (`OURS` in request.py). What a stranger says there can only make a chain shorter: an account that nobody
has open is a new one, and the name of an open one cannot be guessed.
Where several processes serve, a chain that goes through more than one has an account of that name in each.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from weakref import WeakValueDictionary

from kernel.errors import LimitError

if TYPE_CHECKING:
    # Slow to load; the settings name what is here.
    from yarl import URL

    from kernel.capability import Run

HEADER = "x-valgate-chain"
CHAIN = "chain"
"""Where a run keeps the chain it belongs to, in its state."""
MICRO = 1_000_000
LEAST = 2_000
"""Microseconds that each evaluation of a chain costs at least: the host keeps a record of it, also where nothing runs."""
MOST_DIGITS, ID_BYTES = 6, 16
_ID = re.compile(f"[0-9a-f]{{{2 * ID_BYTES}}}")


@dataclass(frozen=True, slots=True)
class Own:
    """Where this server answers: at its host and every name of the vals' domain, at these ports; and at its public names."""

    host: str
    domain: str
    ports: frozenset[int]
    public: frozenset[str] = frozenset()
    """Names that lead here through a proxy, at any port or, written `name:port`, at one."""

    def is_own(self, url: URL) -> bool:
        """Whether a request goes to this server, as far as its address says."""
        host, domain = (url.host or "").rstrip("."), self.domain.partition(":")[0]
        if not self.public.isdisjoint((host, f"{host}:{url.port}")):
            return True
        named = host in {self.host, domain} or host.endswith(f".{domain}")
        return named and url.port in self.ports


@dataclass(frozen=True, slots=True)
class Link:
    """What a call says of its chain: how many evaluations led to it, and the name of their account ("": it has none yet)."""

    depth: int = 0
    account: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a header; what says nothing of the kind is the beginning of a chain."""
        depth, _, account = text.partition(".")
        known = depth.isascii() and depth.isdecimal() and len(depth) <= MOST_DIGITS
        return cls(int(depth), account) if known else cls()

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        return f"{self.depth}.{self.account}" if self.account else str(self.depth)


FIRST = Link()


class Account:
    """Microseconds of processor time that a chain has left, as long as any evaluation of it runs."""

    def __init__(self, left: int, named: WeakValueDictionary[str, Account], name: str = "") -> None:
        """Begin with so much, under a name that another process has given it; `named` are the accounts that somebody was told of."""
        self._named, self._id, self.left = named, "", left
        if name and _ID.fullmatch(name):
            self._take(name)

    @property
    def id(self) -> str:
        """A name that nobody can guess, from when it is first told to somebody: most chains are one evaluation long."""
        return self._id or self._take(secrets.token_hex(ID_BYTES))

    def _take(self, name: str) -> str:
        self._id = name
        self._named[name] = self
        return name


class Chain:
    """The chain of one evaluation: how many led to it, and their account."""

    __slots__ = ("_account", "_chains", "depth")

    def __init__(self, depth: int, chains: Chains, account: Account | None = None) -> None:
        """Take the account, if there is one."""
        self.depth, self._chains, self._account = depth, chains, account

    @property
    def account(self) -> Account:
        """The account, from when somebody asks for it: most chains are one evaluation long, which needs none."""
        if self._account is None:
            self._account = self._chains.opened()
        return self._account

    @property
    def below(self) -> Link:
        """What is said to whom this evaluation calls."""
        return Link(self.depth + 1, self.account.id)

    def hold(self, most: int) -> int:
        """Hold what an evaluation may use, `most` microseconds, and return how much that is; raise LimitError unless there is so much.

        It needs its `release`. The first of a chain has its budget to itself, and holds nothing.
        """
        if not self.depth:
            return 0
        held = max(most, LEAST)
        if held > self.account.left:
            raise LimitError("the chain of api() calls has no processor time left for one more evaluation")
        self.account.left -= held
        return held

    def release(self, held: int, used: int) -> None:
        """Give back what was held and not used, in microseconds."""
        if held:
            self.account.left += held - max(used, LEAST)


class Chains:
    """The accounts that are open: one is as long as an evaluation of its chain runs."""

    def __init__(self, longest: int, cpu: float) -> None:
        """Take how deep a chain may be, and the processor seconds of one evaluation."""
        self._longest, self._whole = longest, longest * int(cpu * MICRO)
        self._open: WeakValueDictionary[str, Account] = WeakValueDictionary()

    def join(self, link: Link) -> Chain:
        """Return the chain of a call that says this; raise LimitError for one more than may be."""
        if link.depth > self._longest:
            raise LimitError(f"evaluations may lead to one another {self._longest} deep, and this one is deeper")
        return Chain(link.depth, self, self.opened(link.account) if link.account else None)

    def opened(self, name: str = "") -> Account:
        """Return the account that is open under a name, or a new one."""
        return self._open.get(name) or Account(self._whole, self._open, name)


def link_below(run: Run) -> Link:
    """Return what this run says to whom it calls."""
    chain = run.state.get(CHAIN)
    return chain.below if isinstance(chain, Chain) else Link(1)
