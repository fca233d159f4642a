"""What every test may rely on: the same examples each time, and nothing of the operator's settings.

And what a run says at its end, beside pytest's own lines: gathered in each of its processes, said once.
"""

from __future__ import annotations

import gc
import os

import hypothesis
import pytest

# Settings of whoever runs the tests must not change what they show.
for _name in [name for name in os.environ if name.startswith("VALGATE_")]:
    del os.environ[_name]
# A server that a test starts is one process, unless it is about more (tests/processes).
os.environ["VALGATE_PROCESSES"] = "1"

# Deterministic: a failing example fails for everyone, not on one machine in one night; how long examples take to make is the machine's.
hypothesis.settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    max_examples=100,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
# For a longer hunt: `make tests ARGS=--hypothesis-profile=hunt`.
hypothesis.settings.register_profile("hunt", deadline=None, max_examples=5000, print_blob=True)
hypothesis.settings.load_profile("house")

Closing = dict[str, dict[str, str]]
"""Lines by section and by what they are about."""
CLOSING = pytest.StashKey[Closing]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CLOSING] = {}


def pytest_collection_finish() -> None:
    """Leave what all tests are made of out of every collection: one of all that takes longer than some evaluations may."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def closing(pytestconfig: pytest.Config) -> Closing:
    """What is said at the end of the run."""
    return pytestconfig.stash[CLOSING]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over to the controller, in a process that has one."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["closing"] = session.config.stash[CLOSING]


class Node:
    """What pytest-xdist's controller has of each process."""

    config: pytest.Config
    workeroutput: dict[str, Closing]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Node, error: object) -> None:
    """Take what a process gathered; one that crashed has nothing."""
    for section, lines in getattr(node, "workeroutput", {}).get("closing", {}).items():
        node.config.stash[CLOSING].setdefault(section, {}).update(lines)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for section, lines in sorted(config.stash[CLOSING].items()):
        terminalreporter.section(section)
        for name, line in sorted(lines.items()):
            terminalreporter.line(f"{name}: {line}")
