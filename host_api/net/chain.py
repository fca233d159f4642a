"""How a call to this server's own addresses says how many evaluations led to it.

Sent to nobody else, and never a val's to set (`OURS` in request.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Slow to load; the settings name what is here.
    from yarl import URL

    from kernel.capability import Run

HEADER = "x-valgate-chain"
DEPTH = "chain"
"""Where a run keeps the depth at which it began, in its state."""


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


def depth_below(run: Run) -> int:
    """Return the depth of an evaluation that this run's call would start."""
    began = run.state.get(DEPTH)
    return (began if isinstance(began, int) else 0) + 1
