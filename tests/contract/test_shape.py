"""The checker of shapes itself: what it must not let pass."""

from __future__ import annotations

import pytest

from tests.contract.shape import Shape, empty, faults, matching, natural, sentence, uuid
from tests.contract.shapes import TIME, USER, listed

ALICE = {"id": "b7f4b6a0-6f2b-4d53-9d55-7d7a8f9c2f10", "username": "@alice", "bio": None, "profileImageUrl": None}


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (ALICE, USER),
        ({"a": 1}, {"a": int, "b?": int}),
        ([], [int]),
        (None, (str, None)),
        ("2023-07-12T15:22:01.000Z", TIME),
        ({"data": [], "links": {"self": "http://127.0.0.1:1/v1/me/likes"}}, listed(str)),
    ],
)
def test_what_has_the_shape_has_no_fault(value: object, shape: Shape) -> None:
    assert list(faults(value, shape)) == []


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (ALICE | {"email": "a@example.com"}, USER),
        ({"id": ALICE["id"], "username": "@alice", "bio": None}, USER),
        (ALICE | {"username": "alice"}, USER),
        (ALICE | {"id": str(ALICE["id"]).upper()}, USER),
        (ALICE | {"id": 7}, USER),
        ({"a": True}, {"a": int}),
        ({"a": 1}, {"a": bool}),
        ({"a": None}, {"a?": int}),
        ({"a": 1.0}, {"a": int}),
        ([1, "2"], [int]),
        ({}, [int]),
        ([], {}),
        ("", (str, None)[1:]),
        ("2023-07-12T15:22:01+00:00", TIME),
        ("2023-07-12 15:22:01Z", TIME),
        (-1, natural),
        (False, natural),
        ("two\nlines", sentence),
        ([0], empty),
        ("xa", matching("a")),
        ("no", uuid),
        ("warning", "error"),
        ({"data": [1], "links": {"self": "/v1/me/likes"}}, listed(int)),
    ],
)
def test_what_has_not_the_shape_has_a_fault(value: object, shape: Shape) -> None:
    assert list(faults(value, shape)) != []


def test_each_fault_says_where_it_is() -> None:
    found = list(faults({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": str}], "d": int}))
    assert found == ["$.d: is missing", "$.a[0].c: is surplus", "$.a[0].b: 1 is not str"]
