"""The calls to the core that this package makes, and what their errors mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message

from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._gen.billing_client import rpc_pb2 as rpc

CHECK, PLACE, CAPTURE, RELEASE, EXTEND, CHARGE, BALANCE = range(7)

# Path, request, response; in the order of the numbers above.
METHODS: list[tuple[str, type[Message], type[Message]]] = [
    ("/billing.v1.BalanceService/CheckBalance", balance.CheckBalanceRequest, balance.CheckBalanceResponse),
    ("/billing.v1.BalanceService/PlaceHold", balance.PlaceHoldRequest, balance.PlaceHoldResponse),
    ("/billing.v1.BalanceService/CaptureHold", balance.CaptureHoldRequest, balance.CaptureHoldResponse),
    ("/billing.v1.BalanceService/ReleaseHold", balance.ReleaseHoldRequest, balance.ReleaseHoldResponse),
    ("/billing.v1.BalanceService/ExtendHold", balance.ExtendHoldRequest, balance.ExtendHoldResponse),
    ("/billing.v1.BalanceService/Charge", balance.ChargeRequest, balance.ChargeResponse),
    ("/billing.v1.BalanceService/GetBalance", balance.GetBalanceRequest, balance.GetBalanceResponse),
]

Metadata: TypeAlias = tuple[tuple[str, str], ...]


class Send(NamedTuple):
    """One attempt of a call; `timeout` in seconds."""

    method: int
    message: Message
    timeout: float
    metadata: Metadata


class Hook(NamedTuple):
    """A function of the backend's to run; of AsyncBilling it may be a coroutine function."""

    run: Callable[..., Any]
    arguments: tuple[Any, ...]


_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_LOST = frozenset({grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN})
# Of the core's own errors, those that settle nothing: a later attempt may be answered.
_NOT_SETTLED = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        # A fault of the core's, which did nothing.
        grpc.StatusCode.INTERNAL,
    }
)
_TOKEN_REFUSED = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


class CallFailed(Exception):
    """An attempt without an answer. `reason` is the core's; None: this is not the core's word."""

    def __init__(self, code: grpc.StatusCode, details: str, reason: str | None, state: str) -> None:
        super().__init__(f"{code.name} {reason}: {details}" if reason else f"{code.name}: {details}")
        self.code = code
        self.reason = reason
        # Of HOLD_ENDED: how the hold ended.
        self.state = state

    @property
    def may_help(self) -> bool:
        """Whether the same call, sent again at once, may be answered."""
        return self.code is grpc.StatusCode.UNAVAILABLE or (self.reason is None and self.code in _LOST)

    @property
    def is_refusal(self) -> bool:
        """Whether the core has decided: the same call would be refused again."""
        return self.reason is not None and self.code not in _NOT_SETTLED

    @property
    def settles_an_end(self) -> bool:
        """Whether the core has decided about an end. A refused token says nothing of it: a valid one may come."""
        return self.is_refusal and self.code not in _TOKEN_REFUSED

    @property
    def hold_is_gone(self) -> bool:
        """Whether the hold has ended, or is not known; see `state`."""
        return self.reason in ("HOLD_ENDED", "HOLD_NOT_FOUND")


def failed(error: grpc.RpcError) -> CallFailed:
    """Reads an error of grpc.Channel's or grpc.aio.Channel's."""
    code: Any = getattr(error, "code", lambda: None)()
    details: Any = getattr(error, "details", lambda: None)()
    if not isinstance(code, grpc.StatusCode):
        code = grpc.StatusCode.UNKNOWN
    info = _error_info(error)
    if info is None:
        return CallFailed(code, details or "", None, "")
    return CallFailed(code, details or "", info.reason, info.metadata.get("state", ""))


def _error_info(error: grpc.RpcError) -> rpc.ErrorInfo | None:
    trailers: Any = getattr(error, "trailing_metadata", lambda: None)()
    for key, value in trailers or ():
        if key != "grpc-status-details-bin":
            continue
        try:
            for detail in rpc.Status.FromString(value).details:
                if detail.type_url == _ERROR_INFO:
                    info = rpc.ErrorInfo.FromString(detail.value)
                    if info.domain == "billing":
                        return info
        except DecodeError:
            return None
    return None


OPTIONS: list[tuple[str, Any]] = [
    # Repeats are this package's own.
    ("grpc.enable_retries", 0),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A core that was away is found again within a second; gRPC's own pauses grow to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]
