"""The end of a call that was let pass: a capture, a release, or a charge without a hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class End:
    """Knows all that is needed to deliver it, also in another process. Amounts are micros."""

    kind: Literal["capture", "release", "charge"]
    user: str
    tool: str
    # The key of the call; of a charge, the key of the charge.
    key: str
    # Empty: a charge.
    hold_id: str
    # Quantities by unit, or the one member `amount_micros`; empty for a release.
    usage: Mapping[str, int]
    # The trace id, and the header.
    request_id: str
    traceparent: str
    # The amount that it counts for in `allow_up_to_micros` until it is delivered.
    open_micros: int = 0

    @property
    def id(self) -> str:
        """Its name in the store: one end has one, however often it is saved."""
        return f"{self.kind}:{self.hold_id or self.user + ':' + self.key}"

    def record(self) -> dict[str, Any]:
        """Fit for JSON."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> End:
        """TypeError where members are missing, or are not known."""
        return cls(**record)


class Store(Protocol):
    """Keeps ends that could not be delivered, durably. Of AsyncBilling, each may be a coroutine function.

    An error of a store's is logged, and the end is kept in memory.
    """

    def save(self, id: str, end: dict[str, Any], /) -> Any:
        """Keeps an end, fit for JSON, by its id."""

    def remove(self, id: str, /) -> Any:
        """Forgets it: it was delivered, or is lost."""

    def load(self) -> Iterable[dict[str, Any]] | Any:
        """All that are kept, before the first call."""
