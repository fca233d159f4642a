"""The attacker's plan: what a val says to the host, or leaves in its record, makes the host fail, grow or talk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host_api.audit.redact import Redactor
from host_api.capabilities.mail import Send
from host_api.capabilities.parts import integer
from host_api.sources import MOST_STACK, Sources
from kernel.errors import BadRequest
from kernel.principals import Principal
from tests.semantics.live import World

PEM = '-----BEGIN KEY-----\nMII"secret"\\lines\n-----END KEY-----'


async def test_a_rejection_that_describes_itself_as_anything_is_still_only_the_vals_failure(world: World) -> None:
    for lie in ("5", "null", "[]", "({name: 1})", "'x'"):
        error = await world.error(f"Object.prototype.toJSON = () => {lie}; Promise.reject(new Error('x')); 1")
        assert error.status == 502, lie


def test_a_secret_of_several_lines_is_not_in_a_log_line_that_is_json_itself() -> None:
    redact = Redactor({PEM: "@A.pem"})
    for message in (PEM, json.dumps({"key": PEM}), json.dumps([PEM], ensure_ascii=False), f"a {PEM} b"):
        rows = redact.rows([{"message": message, "nested": {"list": [message]}}], 10_000).decode()
        assert "MII" not in rows
        assert rows.count("[secret @A.pem]") == 2
        json.loads(rows)


async def test_a_secret_of_several_lines_is_in_no_record_of_a_val_that_logs_json(world: World) -> None:
    await world.house.store.put_secret("A", "pem", PEM)
    outcome = await world.outcome("{ console.log(JSON.stringify({ key: @me.secrets.pem })); return 1 }")
    assert outcome.error is None, outcome.error
    assert "MII" not in json.dumps((await world.record(outcome))["logs"])


@pytest.mark.parametrize("number", [1e300, -1e300, 2.0**63])
def test_a_number_that_no_database_holds_is_refused_before_it_gets_there(number: float) -> None:
    with pytest.raises(BadRequest):
        integer(number)


@pytest.mark.parametrize("end", ["\r", "\n", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\u2028", "\u2029"])
def test_no_character_that_anybody_takes_for_the_end_of_a_line_is_in_a_header(end: str) -> None:
    for values in ((f"a{end}Bcc: x@y.z", "t", None, None), ("s", "t", None, f"a@b.c{end}")):
        with pytest.raises(BadRequest):
            Send.parse(values)


async def test_a_key_file_that_is_gone_is_not_named_to_a_guest(world: World, tmp_path: Path) -> None:
    world.house.store._keys._known = None
    for key in tmp_path.glob("*.key"):  # noqa: ASYNC240 - a folder of one file
        key.unlink()
    caught = await world.eval("{ try { return @me.secrets.foo } catch (e) { return String(e) } }")
    assert str(tmp_path) not in caught
    assert caught.startswith("HostError")


def test_a_stack_that_a_val_wrote_itself_is_read_no_further_than_a_stack_goes() -> None:
    for made in ("    at x (y:1:1)\n" * 500_000, "    at " + " (a:1:1" * 500_000):
        told, place = Sources().translate(made, Principal("A"))
        assert len(told) <= MOST_STACK
        assert place is None
