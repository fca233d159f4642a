"""The attacker's plan: ask for a page of a hundred large vals, over many connections, and read none: the server keeps them all."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from host_api.load.tally import Shed
from host_api.load.unread import Unread
from host_api.settings import Settings
from host_api.store import Kind, Privacy
from tests.attacks.test_slow_clients import narrow
from tests.http.conftest import World, open_world

LARGE = "/*" + "x" * 250_000 + "*/ () => 1"
VALS, ROOM = 40, 30_000_000


async def ask_for_the_list(world: World, stack: ExitStack) -> None:
    client = stack.enter_context(narrow(world))
    head = f"GET /v1/users/{world.account_id('alice')}/vals?limit=100 HTTP/1.1\r\nHost: x\r\n\r\n"
    await asyncio.get_running_loop().sock_sendall(client, head.encode())


async def large_vals(world: World) -> None:
    for number in range(VALS):
        await world.house.store.write_val(
            "alice", f"large{number}", code=LARGE, kind=Kind.CODE, privacy=Privacy.PUBLIC, named=frozenset()
        )


async def test_answers_that_nobody_reads_are_bounded_together(tmp_path: Path) -> None:
    """Ten megabytes each: of ten that nobody reads, there is room for a few (the system keeps some of each)."""
    async with open_world(replace(Settings(), db=str(tmp_path / "test.db"), unread=ROOM)) as world:
        await large_vals(world)
        with ExitStack() as stack:
            for _ in range(10):
                await ask_for_the_list(world, stack)
            async with asyncio.timeout(60):
                while world.gate.tally.shed[Shed.UNREAD] < 4:
                    assert world.gate.unread.used <= ROOM
                    await asyncio.sleep(0.005)
            (await world.call("GET", f"/v1/users/{world.account_id('alice')}/vals?limit=100")).insist(200)
        async with asyncio.timeout(60):
            while world.gate.unread.used:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0.005)


async def test_who_reads_nothing_gets_no_second_answer(tmp_path: Path) -> None:
    """One connection, and a request at a time: each looks as if its client had read the answer before."""
    body = b'{"args":[]}'
    raw = b"POST /v1/run/alice.large HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with open_world(replace(Settings(), db=str(tmp_path / "test.db"))) as world:
        await world.val("alice", "export const large = () => 'x'.repeat(900_000)", Privacy.PUBLIC)
        with narrow(world) as client:
            for _ in range(20):
                await asyncio.get_running_loop().sock_sendall(client, raw)
                (await world.call("POST", "/v1/run/alice.large", body=[])).insist(200)
            assert world.runner is not None
            assert world.runner.server is not None
            wires = [one.transport for one in world.runner.server.connections if one.transport is not None]
            assert 0 < sum(wire.get_write_buffer_size() for wire in wires) < 1_000_000
            got = 0
            async with asyncio.timeout(60):
                while got < 20 * 900_000:  # none is lost
                    got += len(await asyncio.get_running_loop().sock_recv(client, 1 << 20))


class Reader:
    def __init__(self) -> None:
        self.gone = False

    def cut_off(self) -> None:
        self.gone = True


def test_who_has_waited_longest_is_let_go_of() -> None:
    unread, (old, young, newest) = Unread(100), (Reader(), Reader(), Reader())
    unread.waits(old, 90)
    unread.waits(young, 10)
    unread.waits(old, 80)  # took ten of them, and is as old as before
    unread.waits(newest, 30)
    assert [one.gone for one in (old, young, newest)] == [True, False, False]
    assert unread.used == 40
    unread.forget(old)
    unread.forget(young)
    assert unread.used == 30


def test_one_that_is_too_much_by_itself_is_let_go_of() -> None:
    unread, only = Unread(100), Reader()
    unread.waits(only, 101)
    assert only.gone
    assert unread.used == 0
