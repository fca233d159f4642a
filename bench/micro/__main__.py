"""`python -m bench.micro`: the micro-suite alone, which `python -m bench --only micro` measures too."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.__main__ import main as bench


def main(words: Sequence[str]) -> int:
    """Measure, print and keep; `words` as the bench takes them."""
    return bench(["--only", "micro", *words])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
