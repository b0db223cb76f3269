"""Work beside the calls of threads: one thread that knows when, and a few that send.

All are daemon threads: a process that ends without `close` does not wait for them.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from billing_client._flow import Flow
from billing_client._transport import Transport

# So many may wait for the core at a time; they are started as they are needed.
_SENDERS_MAX = 16
_HURRIED_SECS = 0.5
# Cancelled timers are swept out when there are so many, and most are.
_SWEEP = 64


class Timer:
    """Something to do at a time."""

    __slots__ = ("due", "flow", "number", "run")

    def __init__(self, due: float, number: int, run: Callable[[], None], flow: bool) -> None:
        self.due = due
        self.number = number
        self.run: Callable[[], None] | None = run
        # Whether it is the pause of a flow, which `hurry` cuts short.
        self.flow = flow

    def __lt__(self, other: Timer) -> bool:
        return (self.due, self.number) < (other.due, other.number)


class Background:
    """Runs flows, and functions at their time. Thread-safe. The threads start when they are needed."""

    def __init__(self, transport: Transport, logger: logging.Logger) -> None:
        self._transport = transport
        self._logger = logger
        self._timers: list[Timer] = []
        self._cancelled = 0
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._clock: threading.Thread | None = None
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        # Threads that send, and what they have to do or are doing.
        self._counts = threading.Lock()
        self._senders = 0
        self._pending = 0
        self._hurried = False
        self._stopped = False

    def run(self, flow: Flow[Any], then: Callable[[Any], None] | None = None) -> None:
        """Drives a flow to its end; `then` is given its value."""
        self._submit(lambda: self._drive(flow, then))

    def at(self, delay_secs: float, run: Callable[[], None], flow: bool = False) -> Timer:
        """Runs a function after a while. `flow`: it goes on with a flow after its pause."""
        with self._changed:
            if flow and self._hurried:
                delay_secs = min(delay_secs, _HURRIED_SECS)
            timer = Timer(time.monotonic() + delay_secs, next(self._numbers), run, flow)
            heapq.heappush(self._timers, timer)
            if self._clock is None:
                clock = threading.Thread(target=self._keep_time, name="billing-client", daemon=True)
                clock.start()
                self._clock = clock
            elif self._timers[0] is timer:
                self._changed.notify()
        return timer

    def cancel(self, timer: Timer) -> None:
        with self._changed:
            timer.run = None
            self._cancelled += 1
            if self._cancelled > max(_SWEEP, len(self._timers) // 2):
                self._timers = [timer for timer in self._timers if timer.run is not None]
                heapq.heapify(self._timers)
                self._cancelled = 0

    def hurry(self) -> None:
        """Ends the pauses of flows, and shortens those that follow."""
        with self._changed:
            self._hurried = True
            for timer in self._timers:
                if timer.flow:
                    timer.due = 0.0
            heapq.heapify(self._timers)
            self._changed.notify()

    def stop(self) -> None:
        """Ends the threads, as soon as each has nothing to do."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        with self._counts:
            for _ in range(self._senders):
                self._work.put(None)

    def _drive(self, flow: Flow[Any], then: Callable[[Any], None] | None) -> None:
        try:
            step: Any = next(flow)
            while type(step) is not float:
                step = self._transport.step(flow, step)
        except StopIteration as end:
            if then is not None:
                then(end.value)
            return
        self.at(step, lambda: self._drive(flow, then), flow=True)

    def _submit(self, run: Callable[[], None]) -> None:
        with self._counts:
            self._work.put(run)
            self._pending += 1
            if self._pending <= self._senders or self._senders == _SENDERS_MAX:
                return
            name = f"billing-client-{self._senders + 1}"
            try:
                threading.Thread(target=self._send, name=name, daemon=True).start()
            except RuntimeError as error:  # No more threads: it waits for one that has time, or for the next try.
                self._logger.error("a thread that sends cannot be started: %s", error)
            else:
                self._senders += 1

    def _keep_time(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (not self._timers or self._timers[0].due > time.monotonic()):
                    self._changed.wait(self._timers[0].due - time.monotonic() if self._timers else None)
                if self._stopped:
                    return
                # Read here: once popped, it may still be cancelled.
                run = heapq.heappop(self._timers).run
                if run is None:
                    self._cancelled = max(0, self._cancelled - 1)
            if run is not None:
                self._submit(run)

    def _send(self) -> None:
        while (run := self._work.get()) is not None:
            try:
                run()
            except Exception:
                self._logger.exception("an end broke off")
            finally:
                with self._counts:
                    self._pending -= 1
