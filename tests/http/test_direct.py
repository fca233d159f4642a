"""The short way to `/v1/run`: whatever is asked comes to the same answer as by the library's router, with the same guard around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from host_api.http import direct
from host_api.store.model import Privacy

if TYPE_CHECKING:
    from tests.http.conftest import Answer, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGING = {"Date", "X-Evaluation-Id", "Content-Length"}


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


def form(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    return answer.status, {name: text for name, text in answer.headers.items() if name not in CHANGING}, answer.body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "HEAD"])
@pytest.mark.parametrize(
    "name", ["alice.shown", "@alice.shown", "alice.shown@0", "alice.hidden", "nobody.x", "x", "a.b.c"]
)
@pytest.mark.parametrize("by", [None, "alice", "bob"])
async def test_both_ways_come_to_one_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, name: str, by: str | None
) -> None:
    for val, privacy in (("shown", Privacy.PUBLIC), ("hidden", Privacy.PRIVATE)):
        if world.house.store.val("alice", val) is None:
            await world.val("alice", f"export const {val} = (...args) => args", privacy)
    short = await world.call(method, f"/v1/run/{name}", by=by)
    monkeypatch.setattr(direct.Direct, "answer", lambda *_: None)
    assert form(short) == form(await world.call(method, f"/v1/run/{name}", by=by))


@pytest.mark.parametrize(
    "path", ["/v1/run/", "/v1/run/alice.x/", "/v1/run/alice%2Ex", "/v1/run//alice.x", "/v1/run/../me"]
)
async def test_what_is_not_plain_goes_the_librarys_way(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    short = await world.call("POST", path)
    monkeypatch.setattr(direct.Direct, "answer", lambda *_: None)
    assert form(short) == form(await world.call("POST", path))
