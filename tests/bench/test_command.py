"""The commands of the bench as people type them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.dependencies import KILOBYTES, VALS, library
from bench.load import Told
from bench.parts import PARTS, Part
from bench.peers import known
from bench.peers.comparing import ratio
from bench.peers.install import HERE


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], check=False, capture_output=True, text=True, timeout=60)


def test_help_names_every_part() -> None:
    ran = typed("bench", "--help")
    assert ran.returncode == 0, ran.stderr
    assert [part.name for part in PARTS if f"\n  {part.name} " not in ran.stdout] == []


def test_help_names_every_peer_and_its_isolation() -> None:
    ran = typed("bench.peers", "--help")
    assert ran.returncode == 0, ran.stderr
    assert [peer.name for peer in known.PEERS if f"\n  {peer.name} " not in ran.stdout] == []


@pytest.mark.parametrize("room", ["bench", "bench.peers"])
def test_an_unknown_part_is_refused_with_the_names_that_there_are(room: str) -> None:
    ran = typed(room, "--only", "rnu")
    assert ran.returncode == 2
    assert "unknown" in ran.stderr
    assert ("parked" if room == "bench" else "workerd") in ran.stderr


def test_a_part_that_nobody_has_written_yet_says_so() -> None:
    [row] = Part("later", "something", "bench.no_such_part").measure(quick=True)
    assert getattr(row, "why", "") == "not there yet"


def test_a_peer_that_is_not_installed_says_so(tmp_path: Path) -> None:
    with pytest.raises(known.NotThere, match="not installed"):
        known.found(tmp_path, "bin/node")


def test_what_is_demanded_of_ours_beside_the_peers_is_what_was_asked() -> None:
    asked = {peer.name: peer.times for peer in known.PEERS if peer.times}
    assert asked == {"quickjs-rs": 4, "isolated-vm": 5, "workerd": 10, "deno": 50}


def test_every_peer_is_pinned_with_hashes() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = [package for place, package in lock["packages"].items() if place]
    assert [package for package in packages if not package.get("integrity")] == []
    pins = [line for line in (HERE / "requirements.in").read_text().splitlines() if not line.startswith("#")]
    assert [pin for pin in pins if f"{pin} \\" not in (HERE / "requirements.txt").read_text()] == []


def test_the_dependencies_are_as_large_as_they_are_said_to_be() -> None:
    sizes = [len(library(number, KILOBYTES << 10)) for number in range(VALS)]
    assert all(KILOBYTES << 10 <= size < 256_000 for size in sizes)


def told(requests: int) -> Told:
    return Told([1] * requests, seconds=1.0)


def test_ours_and_theirs_are_each_a_share_of_the_floor_before_them() -> None:
    assert ratio(told(100), told(50), told(100), told(10)) == 5
    assert ratio(told(50), told(25), told(100), told(10)) == 5
