"""The first garden: the three lines it prints work as pasted."""

from __future__ import annotations

import asyncio
import json
import shlex
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING

from aiohttp import web

from host_api import demo
from host_api.house import House
from host_api.http.server import make_runner

if TYPE_CHECKING:
    from host_api.settings import Settings


async def pasted(line: str) -> object:
    """Run a line of shell; give what it printed, as JSON."""
    process = await asyncio.create_subprocess_shell(line.replace("curl ", "curl -sS ", 1), stdout=PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    return json.loads(out)


async def test_three_lines_work_as_pasted_and_show_the_table(settings: Settings) -> None:
    async with House.open(settings) as house:
        token = await demo.plant(house)
        assert token is not None
        runner = make_runner(house)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            sponsored, count, evaluated = demo.lines(token, house, address)
            assert str(await pasted(sponsored)).startswith("Sunny in Lisbon")
            assert [await pasted(count), await pasted(count)] == [1, 2]
            assert await pasted(evaluated) == "HELLO! Called by name, bob.sponsored gives: undefined"
        finally:
            await runner.cleanup()


async def test_a_garden_that_stands_is_left_alone_and_says_how_to_get_a_token(settings: Settings) -> None:
    async with House.open(settings) as house:
        token = await demo.plant(house)
        assert await demo.plant(house) is None
        assert [account.name for account in house.store.accounts()] == ["alice", "bob"]
        shown = demo.lines(None, house, "http://x")
        assert [shlex.split(line)[0] for line in shown[:3]] == ["curl"] * 3
        assert shown[3].endswith("valgate token new alice")
        assert str(token) not in "\n".join(shown)


async def test_a_database_of_somebody_elses_is_not_planted(settings: Settings) -> None:
    async with House.open(settings) as house:
        await house.store.add_account("carol")
        assert await demo.plant(house) is None
        assert demo.lines(None, house, "http://x") == []
        assert [account.name for account in house.store.accounts()] == ["carol"]
