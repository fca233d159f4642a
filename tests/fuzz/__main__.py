"""`make fuzz`: slices of inputs for the kernel, one after another, and what they came to. Exit 1 when something crashed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter

from tests.fuzz import puppet
from tests.fuzz.hunt import Bytes, Keep, Plays, Slice, Target, hunt

SHARE = 5
"""Of this many messages, one is said in a play: it costs as much as the others together."""


def say(text: str) -> None:
    """Print now, also into a pipe."""
    print(text, flush=True)  # noqa: T201 - a command that prints


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--slices", type=int, default=10, help="how many slices (default 10)")
    parser.add_argument("--seed", type=int, default=1, help="of the first slice; the next has the next (default 1)")
    parser.add_argument("--count", type=int, default=125_000, help="messages of a slice (default 125000)")
    parser.add_argument("--keep", action="store_true", help="put what is new into the corpus; slow")
    return parser.parse_args()


async def main() -> int:
    chosen = asked()
    keeps = {name: Keep() for name in (Bytes.name, Plays.name)} if chosen.keep else {}
    found: list[Slice] = []
    with puppet.theatre() as stage:
        for seed in range(chosen.seed, chosen.seed + chosen.slices):
            targets: tuple[tuple[Target, int], ...] = (
                (Bytes(), chosen.count - chosen.count // SHARE),
                (Plays(stage), chosen.count // SHARE),
            )
            for target, count in targets:
                found.append(await hunt(target, str(seed), count, keep=keeps.get(target.name)))
                say(found[-1].line())
    return report(found)


def report(found: list[Slice]) -> int:
    for name in (Bytes.name, Plays.name):
        mine = [one for one in found if one.target == name]
        outcomes = sum((one.outcomes for one in mine), Counter[str]())
        say(f"\n{name}: {sum(one.messages for one in mine):,} messages in {sum(one.seconds for one in mine):.0f} s")
        for outcome, count in outcomes.most_common():
            say(f"{count:>10,}  {outcome}")
    crashes = [path for one in found for path in one.crashes]
    say(f"\n{sum(one.messages for one in found):,} messages, {len(crashes)} crashes")
    for path in crashes:
        say(f"  {path}")
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
