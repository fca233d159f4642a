"""What the bench knows of the kernel's inside is so: a measurement that waits for ever, or measures nothing, is found here."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

import pytest

from bench.micro.comparing import Run, told
from bench.parts import PARTS, Part
from bench.watching import BEGINNING, BIRTH, CROSSING, HOST_CALL, watched
from kernel.evaluation import Evaluation


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_part_of_the_bench_has_what_measures_it(part: Part) -> None:
    assert callable(getattr(import_module(part.module), part.function))


@pytest.mark.parametrize("method", [BIRTH, BEGINNING, HOST_CALL, CROSSING])
def test_what_is_watched_is_there_and_is_left_as_it_was(method: str) -> None:
    before = getattr(Evaluation, method)
    with watched(method):
        assert getattr(Evaluation, method) is not before
    assert getattr(Evaluation, method) is before


def test_guests_are_weighed_before_birth_after_it_and_after_their_call() -> None:
    words = [sys.executable, "-m", "bench.memory", "4"]
    ran = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert [point["guests"] for point in seen["born"]] == [0, 2, 4]
    assert seen["called"]["guests"] == 4


def test_of_the_micro_suite_each_program_is_held_to_something_and_so_is_their_mean() -> None:
    *programs, mean = told([Run("quick", 10.0, 10.0), Run("slow", 10.0, 40.0)])
    assert [[demand.met for demand in row.demands] for row in programs] == [[True], [False]]
    assert [(demand.value, demand.limit, demand.met) for demand in mean.demands] == [(0.5, 0.6, False)]
