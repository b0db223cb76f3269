"""The log: once a minute for a tool and a reason, with the number of those that were left out."""

from __future__ import annotations

import logging
import threading
import time

LOGGER = logging.getLogger("billing_client")

_EVERY_SECS = 60.0
# Names of tools may come from callers: more than so many are not told apart.
_KEYS_MAX = 1_000


class Log:
    """Thread-safe. `logger` None: the logger `billing_client`."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self.logger = logger or LOGGER
        self._lock = threading.Lock()
        # When the line was last written, and how many have been left out since.
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def limited(self, level: int, tool: str, reason: str, text: str) -> None:
        """Writes `text` unless this tool and reason had a line within the last minute."""
        now = time.monotonic()
        with self._lock:
            key = (tool, reason)
            if key not in self._seen and len(self._seen) >= _KEYS_MAX:
                self._forget(now)
                if len(self._seen) >= _KEYS_MAX:
                    key = ("", reason)
            last = self._seen.get(key)
            if last is not None and now - last[0] < _EVERY_SECS:
                self._seen[key] = (last[0], last[1] + 1)
                return
            left_out = 0 if last is None else last[1]
            self._seen[key] = (now, 0)
        more = f" ({left_out} more like this were left out)" if left_out else ""
        self.logger.log(level, "%s: %s%s", tool, text, more)

    def error(self, text: str) -> None:
        """Money that is lost, each time."""
        self.logger.error("%s", text)

    def _forget(self, now: float) -> None:
        old = [key for key, (at, _) in self._seen.items() if now - at >= _EVERY_SECS]
        for key in old:
            del self._seen[key]
