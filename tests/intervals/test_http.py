"""`PUT /v1/vals/{id}` with a schedule: who may, in which form, and who sees it."""

from __future__ import annotations

from typing import Any

import pytest

from host_api.store import Privacy, Scope, Val
from tests.intervals.conftest import Served, known

CODE = "export const tick = () => 1"


async def put(served: Served, val: Val, by: str = "alice", **body: Any) -> Any:  # noqa: ANN401 - any JSON
    return await served.call("PUT", f"/v1/vals/{val.id}", by=by, body=body)


@pytest.mark.parametrize("schedule", [{"every": "15m"}, {"cron": "30 8 * * MON-FRI"}])
async def test_a_schedule_is_set_shown_and_taken_away(served: Served, schedule: dict[str, str]) -> None:
    val = await served.val("alice", CODE)
    assert "schedule" not in (await served.call("GET", f"/v1/vals/{val.id}", by="alice")).insist(200)
    assert (await put(served, val, schedule=schedule)).insist(200)["schedule"] == schedule
    assert (await served.call("GET", f"/v1/vals/{val.id}", by="alice")).insist(200)["schedule"] == schedule
    assert "schedule" not in (await put(served, val, schedule=None)).insist(200)
    assert served.house.store.interval(val.id) is None


async def test_taking_away_what_is_not_there_is_no_error(served: Served) -> None:
    val = await served.val("alice", CODE)
    assert "schedule" not in (await put(served, val, schedule=None)).insist(200)


async def test_what_is_not_about_the_schedule_leaves_it(served: Served) -> None:
    val = await served.val("alice", CODE)
    (await put(served, val, schedule={"every": "1h"})).insist(200)
    before = known(served.house.store, val.id)
    whole = (await put(served, val, name="tock", privacy="public", readme="x")).insist(200)
    # Editors send back all that they were shown.
    (await put(served, val, **{key: whole[key] for key in ("name", "code", "privacy", "schedule")})).insist(200)
    after = known(served.house.store, val.id)
    assert (after.id, after.next_run, after.name) == (before.id, before.next_run, "tock")


@pytest.mark.parametrize(
    "schedule", ["1h", 5, True, [], {}, {"every": "soon"}, {"cron": "* * *"}, {"cron": "0 0 30 2 *"}]
)
async def test_a_bad_schedule_is_a_400_that_shows_the_form_and_changes_nothing(
    served: Served, schedule: object
) -> None:
    val = await served.val("alice", CODE)
    told = (await put(served, val, schedule=schedule, name="other", code="export let x = 1")).insist(400)
    assert "as in" in told["error"] or '{"every": "15m"}' in told["error"]
    kept = served.house.store.val_by_id(val.id)
    assert kept == val
    assert served.house.store.interval(val.id) is None


async def test_data_has_no_schedule_and_the_answer_says_why(served: Served) -> None:
    val = await served.val("alice", "export let x = 1")
    told = (await put(served, val, schedule={"every": "15m"}, readme="new")).insist(400)
    assert "Only code runs" in told["error"]
    kept = served.house.store.val_by_id(val.id)
    assert kept is not None
    assert kept.readme is None


async def test_code_and_its_schedule_may_come_together(served: Served) -> None:
    val = await served.val("alice", "export let x = 1")
    shown = (await put(served, val, code=CODE, name="tick", schedule={"every": "15m"})).insist(200)
    assert (shown["code"], shown["schedule"]) == (CODE, {"every": "15m"})


@pytest.mark.parametrize("privacy", list(Privacy))
@pytest.mark.parametrize("schedule", [{"every": "15m"}, None])
async def test_nobody_sets_or_takes_away_the_schedule_of_anothers_val(
    served: Served, privacy: Privacy, schedule: object
) -> None:
    val = await served.val("alice", CODE, privacy)
    (await put(served, val, schedule={"every": "1h"})).insist(200)
    before = known(served.house.store, val.id)
    (await put(served, val, by="bob", schedule=schedule)).insist(404)
    (await served.call("PUT", f"/v1/vals/{val.id}", body={"schedule": schedule})).insist(401)
    reading = await served.token_for("alice", Scope.VAL_READ, Scope.RUN, Scope.RUNS_READ)
    answer = await served.call("PUT", f"/v1/vals/{val.id}", token=reading, body={"schedule": schedule})
    assert answer.status in {401, 403}
    assert known(served.house.store, val.id) == before


async def test_others_do_not_see_that_a_val_has_a_schedule(served: Served) -> None:
    val = await served.val("alice", CODE, Privacy.PUBLIC)
    (await put(served, val, schedule={"every": "1h"})).insist(200)
    for by in ("bob", None):
        shown = (await served.call("GET", f"/v1/vals/{val.id}", by=by)).insist(200)
        assert "schedule" not in shown
        assert "1h" not in str(shown)


async def test_a_deleted_val_runs_no_more(served: Served) -> None:
    val = await served.val("alice", CODE)
    (await put(served, val, schedule={"every": "1h"})).insist(200)
    assert (await served.call("DELETE", f"/v1/vals/{val.id}", by="alice")).status == 204
    assert served.house.store.next_interval(0) is None
