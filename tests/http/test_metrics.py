"""What an operator's collector reads, who may read it, and that no path, val or name is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from host_api.store.model import Privacy
from tests.http.conftest import World, open_world
from tests.http.parked import lot

if TYPE_CHECKING:
    from host_api.settings import Settings

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def read(world: World) -> Samples:
    got = await world.call("GET", "/metrics")
    assert got.status == 200
    assert got.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(got.body.decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def one(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"valgate_{name}", frozenset(labels.items())]


async def test_requests_are_counted_by_pattern_method_and_status(world: World) -> None:
    await world.val("bob", "export const hidden = () => 1", Privacy.PUBLIC)
    for _ in range(3):
        (await world.call("GET", "/v1/run/bob.hidden")).insist(200)
    (await world.call("GET", "/v1/run/bob.nothing")).insist(404)
    (await world.call("GET", "/no/such/path")).insist(404)
    await world.call("PROPFIND", "/healthz")
    samples = await read(world)
    run = {"route": "/v1/run/{val}", "method": "GET"}
    assert one(samples, "requests_total", **run, status="200") == 3
    assert one(samples, "requests_total", **run, status="404") == 1
    assert one(samples, "requests_total", route="other", method="GET", status="404") == 1
    assert one(samples, "requests_total", route="other", method="other", status="405") == 1
    assert one(samples, "request_seconds_count", route="/v1/run/{val}") == 4
    assert one(samples, "request_seconds_bucket", route="/v1/run/{val}", le="+Inf") == 4
    assert one(samples, "request_seconds_sum", route="/v1/run/{val}") > 0


async def test_evaluations_are_counted_when_they_end_with_what_they_cost(world: World) -> None:
    await world.val("bob", "export let data = 1", Privacy.PUBLIC)
    (await world.call("GET", "/v1/run/bob.data")).insist(200)
    (await world.call("POST", "/v1/eval", body={"code": "throw new Error('x')"})).insist(502)
    (await world.call("POST", "/v1/eval", body={"code": "("})).insist(400)
    samples = await read(world)
    assert one(samples, "evaluations_total", source="api", state="done") == 2
    assert one(samples, "evaluations_total", source="api", state="failed") == 1
    assert 0 < one(samples, "evaluation_cpu_seconds_total") < 10


async def test_what_there_is_at_this_moment_is_shown(settings: Settings) -> None:
    async with open_world(replace(settings, fetch_allow=("127.0.0.1",))) as world, lot(world) as parking:
        parked = await parking.park()
        samples = await read(world)
        shown = [one(samples, name) for name in ("evaluations_under_way", "guests", "fetch_connections")]
        assert shown == [1, 1, 1]
        assert one(samples, "requests_under_way") == 2
        assert one(samples, "connections") == 2
        assert one(samples, "body_bytes") > 10
        assert one(samples, "write_queue") >= 0
        parking.leave.set()
        (await parked).insist(200)
        samples = await read(world)
        assert [one(samples, name) for name in ("evaluations_under_way", "guests", "fetch_connections")] == [0, 0, 0]
        assert one(samples, "body_bytes") == 0


async def test_what_was_shed_is_counted_by_its_reason(settings: Settings) -> None:
    async with open_world(replace(settings, rate=1)) as world:
        (await world.call("GET", "/v1/me", by="bob")).insist(200)
        (await world.call("GET", "/v1/me", by="bob")).insist(429)
        assert one(await read(world), "shed_total", reason="rate") == 1


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via", "X-Forwarded-Host", "X-Valgate-Chain"]
)
async def test_who_asks_for_another_finds_no_such_address(world: World, header: str) -> None:
    got = await world.call("GET", "/metrics", headers={header: "1"}, by="alice")
    unknown = await world.call("GET", "/metric")
    assert (got.status, got.body) == (unknown.status, unknown.body) == (404, unknown.body)
    assert {**got.headers, "Date": ""} == {**unknown.headers, "Date": ""}


async def test_everybody_reads_it_if_the_operator_says_so(settings: Settings) -> None:
    async with open_world(replace(settings, metrics=True)) as world:
        assert (await world.call("GET", "/metrics", headers={"X-Forwarded-For": "1.2.3.4"})).status == 200


async def test_nothing_that_anybody_chose_is_in_it(world: World) -> None:
    await world.val("bob", "export const needle = () => { throw new Error('needle') }", Privacy.PUBLIC)
    for path in ("/v1/run/bob.needle", "/v1/eval/%22needle%22", "/needle?needle", "/v1/users/needle"):
        await world.call("GET", path, headers={"X-Needle": "needle"})
    await world.call("NEEDLE", "/v1/me")
    samples = await read(world)
    assert "needle" not in str(samples).lower()
    routes = {value for _, labels in samples for name, value in labels if name == "route"}
    assert world.runner is not None
    assert routes <= {resource.canonical for resource in world.runner.app.router.resources()} | {"other"}


async def test_two_servers_in_one_process_count_for_themselves(world: World, settings: Settings) -> None:
    async with open_world(replace(settings, db=f"{settings.db}.other")) as other:
        (await other.call("GET", "/v1/me", by="bob")).insist(200)
        assert not [name for name, labels in await read(world) if ("route", "/v1/me") in labels]
