"""The compiler's guest: made for one source, without a handle, and dropped.

This file does not know what the answer means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from kernel.capability import Node, Run
from kernel.errors import BrokenGuest
from kernel.evaluation import Entry, Evaluation, Kernel
from kernel.limits import MIB, Limits
from kernel.policy import Policy
from kernel.principals import NOBODY, Authority, Frame
from kernel.wire import Op

COMPILER_LIMITS = Limits(cpu=1.0, wall=90.0, memory=256 * MIB, stack=4 * MIB)
COMPILER_PACE = 8 * 1024
"""Characters of source that earn the compiler one more second: five times what it needs; nobody's evaluation pays it."""


def guest_of(kernel: Kernel, limits: Limits = COMPILER_LIMITS) -> Callable[[str], Awaitable[str]]:
    """Return how to call `pure` of a fresh guest of this kernel: a text in, a text out."""
    frame = Frame(Policy.STRICT, NOBODY, NOBODY, Authority.FOREIGN)

    async def call(source: str) -> str:
        run = Run("compiler", replace(limits, cpu=limits.cpu + len(source) / COMPILER_PACE), _Silent())
        (answer,) = await Evaluation(kernel, frame, run, (), "compiler").run(Entry(Op.PURE, (source,)))
        if not isinstance(answer, str):
            raise BrokenGuest("The compiler gave an answer that cannot be read.")
        return answer

    return call


class _Silent:
    """Records nothing: the compiler has nothing to record."""

    def open(self, node: Node) -> None:
        """Take nothing."""

    def close(self, node: Node) -> None:
        """Take nothing."""
