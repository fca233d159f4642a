"""When the host itself fails or has too much to do: one sentence for the world, the cause for the operator."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

import pytest
import structlog
from aiohttp.test_utils import make_mocked_request

from host_api import logs
from host_api.http import guard

if TYPE_CHECKING:
    from tests.http.conftest import World


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/vals/x"), ("GET", "/v1/me"), ("POST", "/v1/run/bob.x"), ("GET", "/readyz")]
)
async def test_a_database_that_is_gone_is_a_500_that_says_nothing_of_it(world: World, method: str, path: str) -> None:
    world.house.store._db.close()
    got = await world.call(method, path, by="alice")
    told = got.insist(500)
    assert set(told) == {"type", "error"}
    assert "operator" in told["error"]
    assert b"database" not in got.body
    (await world.call("GET", "/healthz")).insist(200)


async def test_a_mistake_of_ours_is_a_500_that_says_nothing_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(world.house._evaluator, "_store", None)
    got = await world.call("POST", "/v1/run/bob.x", body=b'["an argument"]')
    assert set(got.insist(500)) == {"type", "error"}
    assert b"NoneType" not in got.body
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "NoneType" in capsys.readouterr().out


@pytest.mark.parametrize("terminal", [True, False])
def test_the_servers_log_has_the_cause_and_no_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, terminal: bool
) -> None:
    before = structlog.get_config()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    logs.to_stderr()
    try:
        argument = "a value of the caller's"
        fail(argument)
    except LookupError:
        structlog.get_logger().exception("request failed")
    finally:
        structlog.configure(**before)
    shown = capsys.readouterr()
    assert "LookupError" in shown.err
    assert argument not in shown.err
    assert shown.out == ""


def fail(argument: str) -> None:
    raise LookupError(len(argument))


async def test_a_server_with_too_much_to_do_says_when_to_come_back(world: World) -> None:
    compiled = (await world.call("POST", "/v1/eval", body="1")).insist(200)
    assert compiled == 1
    world.house._kernel.most_guests = 0
    for code in ("1", "2"):
        got = await world.call("POST", "/v1/eval", body=code)
        assert got.status == 503
        assert int(got.headers["Retry-After"]) > 0


async def test_a_client_that_left_in_the_middle_of_its_answer_is_no_failure_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is written to a connection that is being closed is refused before the server hears that it was lost."""
    wire = MagicMock(spec=asyncio.Transport)
    wire.is_closing.return_value = True
    with pytest.raises(ConnectionResetError):
        await guard._refusal(make_mocked_request("GET", "/", transport=wire), ConnectionResetError())
    assert capsys.readouterr().out == ""
