"""`make bench-peers`: what others run the same function in, with fresh isolation for each request, beside ours and the floor."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import drawing, servers
from bench.figures import Figure, Row
from bench.peers.comparing import OURS, Turns, our_own, rows
from bench.peers.install import FOLDER, install
from bench.peers.known import PEERS, Peer
from bench.report import HEAD, RESULTS, lines, machine, save, verdicts
from bench.serving import MANY, RUN
from bench.town import Town, town


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description="Measure what others run JavaScript in, beside Valgate and aiohttp's hello.",
        epilog="peers:\n" + "\n".join(f"  {peer.name:<16}{peer.title}; isolation: {peer.isolation}" for peer in PEERS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="PEER,…", type=_peers, default=PEERS, help="these peers alone")
    parser.add_argument("--quick", action="store_true", help="few rounds: whether it works, not how fast it is")
    parser.add_argument("--results", metavar="FOLDER", type=Path, default=RESULTS, help="where figures and charts go")
    return parser.parse_args(words)


def _peers(text: str) -> tuple[Peer, ...]:
    wanted = {word.strip() for word in text.split(",") if word.strip()}
    known = {peer.name: peer for peer in PEERS}
    if not wanted or wanted - set(known):
        raise argparse.ArgumentTypeError(f"unknown peer in {text!r}: there are {', '.join(known)}")
    return tuple(peer for peer in PEERS if peer.name in wanted)


def say(text: str = "") -> None:
    """Print now, also into a pipe."""
    print(text, flush=True)


def measured(peers: Sequence[Peer], on: Town, turns: Turns) -> Iterator[Row]:
    """Ours, then one peer after another: never two of them at once."""
    servers.drive(RUN.plan(on, MANY, turns.seconds))
    yield from our_own(on, turns)
    for peer in peers:
        yield from rows(peer, on, turns)


def main(words: Sequence[str] | None = None) -> int:
    """Install, measure, print, keep and draw. A peer that cannot run is a row that says why, and no failure."""
    asked = arguments(words)
    for failed in install(say):
        say(f"{failed.client} could not install: {failed.why}")
    FOLDER.mkdir(exist_ok=True)
    where, found = machine(), []
    say("\n".join(f"{key:<12}{value}" for key, value in where.items()))
    say(f"\n{HEAD}")
    with town() as on:
        for row in measured(asked.only, on, Turns(1, 1.0) if asked.quick else Turns(5, 0.8)):
            found.append(row)
            say("\n".join(lines(row)))
    demands = verdicts(found)
    say(f"\n{sum(demand.met for _, demand in demands)} of {len(demands)} demands met")
    stem = asked.results / f"peers-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    save(stem.with_suffix(".jsonl"), where, found)
    many = [row for row in found if isinstance(row, Figure) and row.what.endswith(f"c={MANY}")]
    for path in (stem.with_suffix(".jsonl"), *drawing.draw_peers(many, OURS, where, stem)):
        say(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
