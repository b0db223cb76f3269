"""A guarded call, as its handler meets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing_client._end import End
from billing_client._gen.billing.v1 import account_pb2 as account
from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._rpc import Metadata
from billing_client._usage import exact


@dataclass(frozen=True)
class Charged:
    """The cost of a call and the balance after it, in micros. Amounts that others hold are still in it."""

    charged_micros: int
    balance_micros: int


class CallState:
    """Common to sync and async calls. Handlers report; the client does the rest."""

    __slots__ = (
        "_account", "_cost", "_metadata", "beat", "begun", "by_caller", "captured", "capturing", "estimate",
        "given_up", "hold_id", "key", "mode", "open_micros", "owed", "placing", "replayed", "reported", "tool",
        "trace_id", "traceparent", "user", "working",
    )  # fmt: skip

    tool: str
    user: str
    trace_id: str
    traceparent: str

    def __init__(self, tool: str) -> None:
        self.tool = tool
        # "held", "open" (passed without the core's word), "unbilled"; "" until it was let pass.
        self.mode = ""
        self.user = ""
        self.key = ""
        self.by_caller = False
        self.begun = False
        self.estimate: Mapping[str, int] = {}
        self.reported: Mapping[str, int] | None = None
        self.captured: Charged | None = None
        # A capture was asked for and is not answered: the call is charged, however it ends.
        self.capturing = False
        # The end that was made last to charge it.
        self.owed: End | None = None
        self.given_up = False
        self.hold_id = ""
        self.open_micros = 0
        self.placing = False
        # Its hold was there before: "" is no, else the state that it is in.
        self.replayed = ""
        # Its hold is to be extended, and when next.
        self.working = False
        self.beat: Any = None
        self._account: account.AccountRef
        self._cost: balance.Cost
        self._metadata: Metadata

    @property
    def billed(self) -> bool:
        """False where the call passes unbilled, since nobody calls."""
        return self.mode != "unbilled"

    def report(self, usage: Mapping[str, int]) -> None:
        """Says what the call took: quantities by unit, or `{"amount_micros": n}`. The last report holds.

        ReportError (a ValueError) for anything but integers from 0 to 2^63 - 1.
        """
        self.reported = exact(self.tool, usage)

    def release(self) -> None:
        """The call has failed: at its end its hold is released, whatever was reported, unless captured."""
        self.given_up = True

    def _take_open(self) -> int:
        """Its part of `allow_up_to_micros`, once: whoever takes it gives it back when the call is billed."""
        open_micros, self.open_micros = self.open_micros, 0
        return open_micros
