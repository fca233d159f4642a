"""The supervisor: it keeps a process at each place, replaces those that end, and passes on what signals ask for.

It holds the sockets and does nothing with them, so that it has nothing to do that could fail.
The first process starts alone: it migrates the database, makes the key and says what is wrong; the others come when it serves.
A place whose process is down has its door tended by those that serve.

SIGTERM and SIGINT stop everything, a second one at once. SIGHUP reloads: at each place a new process starts beside the old one,
and when all of them serve the old ones retire; if one of them does not come to serve, the old ones stay.

What it must never do: import the engine, the web server or the store; start again and again what ends at once.
"""

from __future__ import annotations

import selectors
import signal
import time
from functools import partial

import structlog

from host_api.processes.signals import on_terminal, signals
from host_api.processes.slot import Slot
from host_api.processes.worker import Plan, Worker, start

READY_SECONDS = 120.0
"""How long a process may take until it serves, once one has; the first one may have a database to migrate."""
GRACE_SECONDS = 15.0
"""How much longer than its drain a process may take to end: mail that is being handed over has a time of its own."""
HURRY_SECONDS = 5.0
FAILED = 1
HURRIED, FORCED = 2, 3
"""How often one has to ask for the end so that nothing, or nobody, is waited for."""

log = structlog.get_logger("valgate.processes")


class Supervisor:
    """The processes of one server: `run` until they have ended."""

    def __init__(self, plan: Plan, drain: float, first: Worker) -> None:
        """Take what processes are started with, the seconds that they have to end what runs, and the first one, just started."""
        self._plan, self._patience = plan, drain + GRACE_SECONDS
        self._slots = [Slot(number) for number in range(len(plan.doors))]
        self._alive: set[Worker] = set()
        self._selector = selectors.DefaultSelector()
        self._begun = self._again = False
        self._stops = self._status = 0
        self._typed, self._first = on_terminal(), first

    def run(self) -> int:
        """Serve until a signal ends it; return the exit status: FAILED when the first process could not serve."""
        with self._selector, signals(self._selector, self._hear):
            self._slots[0].worker = self._known(self._first)
            while self._alive or not self._stops:
                self._start_due()
                for key, _ in self._selector.select(self._pause()):
                    key.data()
                self._kill_late()
        return self._status

    def _hear(self, number: int) -> None:
        # A terminal that is closed says so by the same signal.
        if number == signal.SIGHUP and on_terminal() == self._typed:
            self._reload()
        else:
            self._stop()

    # -- the life of a process -----------------------------------------------------------------------

    def _start_due(self) -> None:
        for slot in self._slots:
            if not self._stops and slot.is_due():
                slot.due, slot.worker = None, self._started(slot)
                if slot.worker is None:
                    slot.start_in(slot.backoff.after(0))

    def _started(self, slot: Slot) -> Worker | None:
        try:
            worker = start(self._plan, slot.number)
        except OSError as error:
            log.error("a process cannot be started", place=slot.number, why=error.strerror)  # noqa: TRY400 - a traceback says no more
            return None
        worker.deadline = time.monotonic() + READY_SECONDS
        return self._known(worker)

    def _known(self, worker: Worker) -> Worker:
        self._alive.add(worker)
        self._selector.register(worker.report, selectors.EVENT_READ, partial(self._heard, worker))
        return worker

    def _heard(self, worker: Worker) -> None:
        (self._serves if worker.heard() else self._ended)(worker)
        closed = [slot.number for slot in self._slots if slot.serving is None]
        for slot in self._slots:
            if slot.serving is not None:
                slot.serving.listen_also(closed)

    def _serves(self, worker: Worker) -> None:
        if worker.leaving:
            return
        worker.deadline = None
        log.info("a process serves", worker=worker.process.pid, place=worker.number, seconds=round(worker.lived, 2))
        if not self._begun:
            self._begun = True
            for slot in self._slots[1:]:
                slot.start_in(0)
        if all(slot.following is not None and slot.following.ready for slot in self._slots):
            self._replace()

    def _ended(self, worker: Worker) -> None:
        self._selector.unregister(worker.report)
        self._alive.discard(worker)
        status, slot = worker.bury(self._plan.folder), self._slots[worker.number]
        if slot.following is worker:
            slot.following = None
            self._keep_old()
        elif slot.worker is worker:
            slot.worker = None
            if not self._stops:
                self._lost(slot, worker, status)

    def _lost(self, slot: Slot, worker: Worker, status: int) -> None:
        """See to one that ended by itself; where none ever served, it is the operator's to mend."""
        if not self._begun:
            self._status = FAILED
            self._stop()
            return
        seconds = slot.backoff.after(worker.lived)
        log.error(
            "a process ended; the next one starts",
            worker=worker.process.pid,
            place=slot.number,
            status=status,
            after_seconds=seconds,
        )
        if slot.following is None:
            slot.start_in(seconds)

    # -- a reload ------------------------------------------------------------------------------------

    def _reload(self) -> None:
        """Start a new process at each place; one reload at a time, and another after it if that is asked for meanwhile."""
        if self._stops or not self._begun:
            return
        if any(slot.following for slot in self._slots):
            self._again = True
            return
        log.info("reloading")
        for slot in self._slots:
            slot.due, slot.following = None, self._started(slot)
        if not all(slot.following for slot in self._slots):
            self._keep_old()

    def _replace(self) -> None:
        for slot in self._slots:
            if (old := slot.follow()) is not None:
                old.retire(self._patience)
        log.info("reloaded")
        self._reload_again()

    def _keep_old(self) -> None:
        """Give a reload up: the new ones serve whom they have and end; where the old one is gone the next is started as after any end."""
        for slot in self._slots:
            if slot.following is not None:
                slot.following.retire(self._patience)
                slot.following = None
            if slot.worker is None:
                slot.start_in(slot.backoff.after(0))
        if not self._stops:
            log.error("not reloaded: a new process did not come to serve, and the old ones go on")
            self._reload_again()

    def _reload_again(self) -> None:
        again, self._again = self._again, False
        if again:
            self._reload()

    # -- the end -------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Let what runs finish, and nobody in; asked again, end at once; and once more, with force."""
        self._stops += 1
        if self._stops < HURRIED:
            self._plan.close_doors()
        for worker in self._alive:
            if self._stops < HURRIED:
                worker.finish(self._patience)
            elif self._stops < FORCED:
                worker.hurry(HURRY_SECONDS)
            else:
                worker.kill()

    def _kill_late(self) -> None:
        for worker in self._alive:
            if worker.deadline is not None and worker.deadline <= time.monotonic():
                log.error("a process took too long and is killed", worker=worker.process.pid, place=worker.number)
                worker.deadline = None
                worker.kill()

    def _pause(self) -> float | None:
        """How long there is nothing to do, unless somebody says something; None: until then."""
        due = () if self._stops else (slot.due for slot in self._slots)
        times = [time_ for time_ in (*due, *(worker.deadline for worker in self._alive)) if time_ is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None
