"""The end of a call that was let pass: a capture, a release, or the charge of a call that has no hold yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol


@dataclass
class End:
    """Knows all that is needed to deliver it, also in another process. Amounts are micros.

    A `charge` is of a call that passed without the core's word. Its placement is sent as it would have been sent
    then, and what it holds is captured; where it is denied or refused, the call is charged without a hold.
    """

    kind: Literal["capture", "release", "charge"]
    user: str
    tool: str
    # The key of the call, without `:late`.
    key: str
    # Empty: a charge.
    hold_id: str
    # Quantities by unit, or the one member `amount_micros`; empty for a release.
    usage: Mapping[str, int]
    # The trace id, and the header.
    request_id: str
    traceparent: str
    # Of a charge, what its placement says beside key and trace id: the estimate, and the time to live in seconds.
    estimate: Mapping[str, int] = field(default_factory=dict)
    hold_ttl: float = 0.0
    # Of a charge, the amount that it counts for in `allow_up_to_micros` until it is delivered.
    open_micros: int = 0
    # Of a charge, whether its placement was denied or refused. It is not sent again: allowed later, it would be paid
    # for twice, where the answer to the charge without a hold was lost.
    denied: bool = False

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
        end = cls(**record)
        if end.kind not in ("capture", "release", "charge"):
            raise TypeError(f"its kind is {end.kind!r}")
        return end


class Store(Protocol):
    """Keeps ends that could not be delivered, durably. Of AsyncBilling, each may be a coroutine function.

    An error of a store's is logged, and the end is kept in memory.
    """

    def save(self, id: str, end: dict[str, Any], /) -> Any:
        """Keeps an end, fit for JSON, by its id; in place of what it has by that id."""

    def remove(self, id: str, /) -> Any:
        """Forgets it: it was delivered, or is lost."""

    def load(self) -> Iterable[dict[str, Any]] | Any:
        """All that are kept, before the first call."""
