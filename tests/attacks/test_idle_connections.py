"""The attacker's plan: from one address, open every connection that the server takes, and ask now and then so that none is let go of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from host_api.http.gate import Gate
from host_api.load.load import Load
from host_api.settings import Settings
from host_api.store import Store
from kernel.errors import Overloaded

if TYPE_CHECKING:
    from pathlib import Path

MOST = 100


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    settings = Settings(connections=MOST, proxies=("10.0.0.0/8",))
    with Store.open(tmp_path / "test.db") as store:
        return Gate(settings, Load(store, evaluations=1, concurrency=0, backlog=1), asyncio.Event())


def fill(gate: Gate, *peers: str | None) -> list[str | None]:
    """Connect in turn from these until there is no room; return what each counts as."""
    sites = []
    try:
        while True:
            for peer in peers:
                site = gate.connecting(peer)
                gate.connected(site)
                sites.append(site)
    except Overloaded:
        return sites


@pytest.mark.parametrize("peers", [("192.0.2.1",), ("2001:db8::1", "2001:db8::2"), ("::ffff:192.0.2.1", "192.0.2.1")])
def test_one_address_never_has_all_connections(gate: Gate, peers: tuple[str, ...]) -> None:
    sites = fill(gate, *peers)
    assert len(sites) == MOST * 3 // 4
    gate.connected(gate.connecting("198.51.100.7"))
    for site in sites:
        gate.left(site)
    assert (gate.connections.used, gate.strangers.used) == (1, 1)


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.1.2.3", None])
def test_a_proxy_may_have_all_of_them(gate: Gate, peer: str | None) -> None:
    assert fill(gate, peer) == [None] * MOST
