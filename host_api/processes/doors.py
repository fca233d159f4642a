"""The sockets of one port: a door for each process, bound once and held as long as the supervisor lives.

The system gives each new connection to one socket of those that listen (SO_REUSEPORT), by a hash of its addresses.
A process that is replaced leaves its socket, and the connections that wait in it, to the next one.
This file does not know who takes connections from them.
"""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack

Door = tuple[socket.socket, ...]
"""One process's sockets: one for each address that the host has."""
Address = tuple[str | int, ...]

BACKLOG = 1024
"""Connections that the system keeps for a process before it takes them."""


def bind(host: str, port: int, processes: int) -> list[Door]:
    """Bind a door for each process at one port, 0 being any free one; raise OSError, also when another program listens there.

    The first door listens from now on: who connects before a process serves waits for it.
    """
    with ExitStack() as opened:
        first = _first(_addresses(host), port, opened)
        others = [_beside(first, opened) for _ in range(processes - 1)]
        opened.pop_all()
    return [first, *others]


def _addresses(host: str) -> list[tuple[int, Address]]:
    """Find the families and addresses of a host, each once; all of this machine for an empty one."""
    found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((int(family), (str(address[0]), *address[1:])) for family, _, _, _, address in found))


def _first(addresses: list[tuple[int, Address]], port: int, opened: ExitStack) -> Door:
    """Bind and listen as a program that is alone; only then let others of ours in, so that no stranger's port is shared."""
    door: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in addresses:
        one = opened.enter_context(_made(family))
        try:
            one.bind(_at(address, door[0].getsockname()[1] if door else port))
        except OSError as error:
            # One of several addresses of a name may not be there, as ::1 of localhost.
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            missing = error
            continue
        one.listen(BACKLOG)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door.append(one)
    if missing is not None and not door:
        raise missing
    return tuple(door)


def _beside(first: Door, opened: ExitStack) -> Door:
    """Bind another door at the same addresses."""
    door = tuple(opened.enter_context(_made(one.family)) for one in first)
    for one, other in zip(door, first, strict=True):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(other.getsockname())
    return door


def _at(address: Address, port: int) -> Address:
    return (address[0], port, *address[2:])


def _made(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made
