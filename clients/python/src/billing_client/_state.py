"""The counts that all calls of one client share. Thread-safe, and without IO."""

from __future__ import annotations

import threading
from collections.abc import Callable

from billing_client._end import End

# Names of tools may come from callers.
_TOOLS_MAX = 10_000


class State:
    """Calls under way, ends kept, and what has passed without the core's word."""

    def __init__(self, backlog_max: int, allow_up_to_micros: int) -> None:
        self._lock = threading.Lock()
        self._backlog_max = backlog_max
        self._allow_up_to = allow_up_to_micros
        self._open_micros = 0
        self._asked: dict[str, int] = {}
        # By id, the oldest first. Charges are among the captures.
        self._captures: dict[str, End] = {}
        self._releases: dict[str, End] = {}
        self.calls = 0
        self.closing = False
        # Called when nothing is left, once `closing` is set.
        self.on_idle: Callable[[], None] | None = None

    @property
    def backlog(self) -> int:
        """How many ends are kept."""
        return len(self._captures) + len(self._releases)

    @property
    def left(self) -> int:
        """Calls that have not ended, and ends that are not delivered."""
        with self._lock:
            return self.calls + self.backlog

    def begin(self) -> bool:
        """Counts a call. False: no new ones are taken."""
        with self._lock:
            if self.closing:
                return False
            self.calls += 1
            return True

    def done(self) -> None:
        """A call's end was delivered, is kept, or is not needed."""
        with self._lock:
            self.calls -= 1
        self._look_whether_idle()

    def keep(self, end: End) -> End | None:
        """Keeps an end, unless one of its id is kept already: delivered, that one settles both.

        The end that there is no room for, this or another: it is lost.
        """
        kept = self._among(end)
        with self._lock:
            if end.id in kept:
                return None
            dropped = None
            if self.backlog >= self._backlog_max:
                # A hold expires by itself, so releases go first.
                if end.kind == "release" or not self._releases:
                    return end
                dropped = self._releases.pop(next(iter(self._releases)))
            kept[end.id] = end
            return dropped

    def keeps(self, end: End) -> bool:
        """Whether it is kept itself, rather than another of its id."""
        return self._among(end).get(end.id) is end

    def forget(self, end: End) -> None:
        """It was delivered, or is lost."""
        with self._lock:
            kept = self._among(end)
            if kept.get(end.id) is end:
                del kept[end.id]
        self._look_whether_idle()

    def note(self, tool: str, required_micros: int) -> None:
        """Remembers the most that the core has asked for a tool."""
        with self._lock:
            if required_micros > self._asked.get(tool, -1) and (
                tool in self._asked or len(self._asked) < _TOOLS_MAX
            ):
                self._asked[tool] = required_micros

    def open(self, tool: str, amount_micros: int | None) -> int | None:
        """Lets a call pass without the core's word: its cost, which counts until `billed`. None: a no."""
        with self._lock:
            cost = self._asked.get(tool) if amount_micros is None else amount_micros
            if cost is None or self._open_micros + cost > self._allow_up_to:
                return None
            self._open_micros += cost
            return cost

    def reopen(self, end: End) -> None:
        """Counts an end of an earlier process."""
        with self._lock:
            self._open_micros += end.open_micros

    def billed(self, open_micros: int) -> None:
        """A call that had passed is billed, or need not be, or its end is lost."""
        if open_micros:
            with self._lock:
                self._open_micros -= open_micros

    def _among(self, end: End) -> dict[str, End]:
        return self._releases if end.kind == "release" else self._captures

    def _look_whether_idle(self) -> None:
        if self.closing and self.on_idle is not None and self.left == 0:
            self.on_idle()
