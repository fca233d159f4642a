from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from host_api.load import descriptors
from host_api.load.descriptors import BESIDE, widen


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_process_asks_for_the_files_that_its_connections_need() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (BESIDE + 10, hard))
    assert widen(20) == 20
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (BESIDE + 20, hard)
    assert widen(5) == 5
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (BESIDE + 20, hard)


def test_what_the_system_does_not_give_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class System:
        """A system with few files, and one that gives none."""

        RLIMIT_NOFILE, RLIM_INFINITY = resource.RLIMIT_NOFILE, resource.RLIM_INFINITY
        limits = (BESIDE + 1, BESIDE + 7)

        def getrlimit(self, _: int) -> tuple[int, int]:
            return self.limits

        def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
            self.limits = limits

    system = System()
    monkeypatch.setattr(descriptors, "resource", system)
    assert widen(100) == 7
    assert system.limits == (BESIDE + 7, BESIDE + 7)
    system.limits = (system.RLIM_INFINITY, system.RLIM_INFINITY)
    assert widen(100) == 100
    system.limits = (10, 10)
    assert widen(100) == 0
