"""One process that serves, as its supervisor has it: started, told what to do, and heard.

Orders go down a pipe, a line each, and its end is an order too: to finish. So a supervisor that dies, however it dies, leaves nobody.
What comes up the other pipe is a line when the process serves, and its end when it has died.
This file does not know why a process is started or ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from host_api.processes.birth import Birth, Group

PROGRAM = "host_api.commands.worker"


@dataclass(frozen=True, slots=True)
class Plan:
    """What all processes of one server are started with."""

    doors: tuple[Group, ...]
    folder: Path
    host: str
    environ: Mapping[str, str]
    demo: bool

    def close_doors(self) -> None:
        """Let go of the sockets, once."""
        for door in self.doors:
            for one in door:
                os.close(one)


@dataclass(slots=True, eq=False)
class Worker:
    """A process, from its start until it is known to be dead. Times are of the monotonic clock, in seconds."""

    number: int
    process: subprocess.Popen[bytes]
    orders: int | None
    report: int
    born: float = field(default_factory=time.monotonic)
    ready: bool = False
    told: str = ""
    leaving: bool = False
    deadline: float | None = None
    """When it is killed, if it lives."""

    @property
    def lived(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.born

    @property
    def serves(self) -> bool:
        """Whether it takes connections, and is to go on doing so."""
        return self.ready and not self.leaving

    def heard(self) -> bool:
        """Read what it says; False when it has died."""
        said = os.read(self.report, 64)
        self.ready = self.ready or bool(said)
        return bool(said)

    def listen_also(self, numbers: list[int]) -> None:
        """Tell it whose doors it is to take connections from beside its own, if that is news to it."""
        line = " ".join(["listen", *map(str, numbers)])
        if line != (self.told or "listen"):
            self.told = line
            self._tell(line)

    def retire(self, seconds: float) -> None:
        """Let it serve whom it has, and nobody new; so long at most."""
        self._leave(seconds)
        self._tell("retire")

    def finish(self, seconds: float) -> None:
        """Let it end what runs; so long at most."""
        self._leave(seconds)
        self._say_no_more()

    def hurry(self, seconds: float) -> None:
        """Have it end at once, which may take so long at most; it is finishing already."""
        self._leave(seconds)
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it here and now."""
        self.process.kill()

    def bury(self, folder: Path) -> int:
        """Take the status of one that has died: what it exited with, or minus the number of a signal; and what it left in this folder."""
        (folder / Birth.name(self.number, self.process.pid)).unlink(missing_ok=True)
        os.close(self.report)
        self._say_no_more()
        return self.process.wait()

    def _say_no_more(self) -> None:
        if self.orders is not None:
            os.close(self.orders)
            self.orders = None

    def _leave(self, seconds: float) -> None:
        self.leaving, self.deadline = True, time.monotonic() + seconds

    def _tell(self, line: str) -> None:
        # It may have died, which its other pipe will say; one that has thousands of orders to read is given no more.
        with suppress(BrokenPipeError, BlockingIOError):
            if self.orders is not None:
                os.write(self.orders, f"{line}\n".encode())


def start(plan: Plan, number: int, *, announces: bool = False) -> Worker:
    """Start a process at this place; raise OSError. `announces`: it says the address, and plants the demo."""
    hears, orders = os.pipe()
    report, says = os.pipe()
    os.set_blocking(orders, False)
    birth = Birth(number, plan.doors, hears, says, plan.folder, plan.host, announces, announces and plan.demo)
    try:
        process = subprocess.Popen(  # noqa: S603 - this program again
            # -P: what is in the folder where the operator stands is not imported.
            [sys.executable, "-P", "-m", PROGRAM, str(birth)],
            stdin=subprocess.DEVNULL,
            env=plan.environ,
            pass_fds=(hears, says, *(one for door in plan.doors for one in door)),
            # What is typed at a terminal is the supervisor's to hear.
            process_group=0,
        )
    except BaseException:
        os.close(orders)
        os.close(report)
        raise
    finally:
        os.close(hears)
        os.close(says)
    return Worker(number, process, orders, report)
