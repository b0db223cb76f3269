"""A store in memory."""

from __future__ import annotations

from typing import Any

from billing_client import End


class Shelf:
    """A store that forgets nothing, and on_lost."""

    def __init__(self, *ends: dict[str, Any]) -> None:
        self.ends = {str(number): end for number, end in enumerate(ends)}
        self.lost: list[tuple[End, str]] = []

    def save(self, id: str, end: dict[str, Any]) -> None:
        self.ends[id] = end

    def remove(self, id: str) -> None:
        self.ends.pop(id, None)

    def load(self) -> list[dict[str, Any]]:
        return list(self.ends.values())

    def on_lost(self, end: End, why: str) -> None:
        self.lost.append((end, why))
