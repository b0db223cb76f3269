"""A stand-in for the core, over real gRPC: holds by key, and errors where a test asks for them.

It decides nothing that the real core decides; the conformance suite runs on that one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc

from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._gen.billing_client import rpc_pb2 as rpc
from billing_client._rpc import METHODS

ALLOWED: dict[str, Any] = {"decision": balance.DECISION_ALLOWED, "required_micros": 20_000}


class Core:
    """`failing[name]` is called with each request of that name and may raise `Failing`."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.metadata: list[dict[str, str]] = []
        self.deadlines: list[float] = []
        self.failing: dict[str, Callable[[Any], None]] = {}
        # Whether placements are denied.
        self.denying = False
        # By hold id, which is the key: how it ended.
        self.holds: dict[str, int] = {}
        self._changed = threading.Condition()
        self._server = grpc.server(futures.ThreadPoolExecutor(32))
        handlers = {
            path.rsplit("/", 1)[1]: grpc.unary_unary_rpc_method_handler(
                self._handler(path.rsplit("/", 1)[1]),
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
            for path, request, response in METHODS
        }
        service = grpc.method_handlers_generic_handler("billing.v1.BalanceService", handlers)
        self._server.add_generic_rpc_handlers((service,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self._server.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def names(self) -> list[str]:
        return [name for name, _ in self.requests]

    def asked(self, name: str) -> list[Any]:
        return [request for asked, request in self.requests if asked == name]

    def until(self, true: Callable[[], bool], within: float = 10.0) -> None:
        """Waits until something is true, of the requests or of what the client does after them."""
        end = time.monotonic() + within
        with self._changed:
            while not true():
                assert time.monotonic() < end, self.names()
                self._changed.wait(0.01)

    def stop(self) -> None:
        self._server.stop(0).wait()

    def _handler(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                with self._changed:
                    self.requests.append((name, request))
                    self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})
                    self.deadlines.append(context.time_remaining())
                if name in self.failing:
                    self.failing[name](request)
                return getattr(self, name)(request)
            except Failing as error:
                if error.details:
                    context.set_trailing_metadata((("grpc-status-details-bin", error.details),))
                context.abort(error.code, "as the test asks")
            finally:
                with self._changed:
                    self._changed.notify_all()

        return handle

    def CheckBalance(self, request: Any) -> Any:
        return balance.CheckBalanceResponse(**ALLOWED)

    def PlaceHold(self, request: Any) -> Any:
        if self.denying:
            return balance.PlaceHoldResponse(decision=balance.DECISION_ACCOUNT_SUSPENDED)
        key = request.idempotency_key
        replayed = key in self.holds
        state = self.holds.setdefault(key, balance.HOLD_STATE_PLACED)
        return balance.PlaceHoldResponse(**ALLOWED, hold={"hold_id": key, "state": state}, replayed=replayed)

    def CaptureHold(self, request: Any) -> Any:
        self.holds[request.hold_id] = balance.HOLD_STATE_CAPTURED
        return balance.CaptureHoldResponse(charged_micros=20_000, balance={"settled_micros": 980_000})

    def ReleaseHold(self, request: Any) -> Any:
        self.holds[request.hold_id] = balance.HOLD_STATE_RELEASED
        return balance.ReleaseHoldResponse()

    def ExtendHold(self, request: Any) -> Any:
        return balance.ExtendHoldResponse()

    def Charge(self, request: Any) -> Any:
        return balance.ChargeResponse(**ALLOWED, charged_micros=20_000, balance={"settled_micros": 980_000})

    def GetBalance(self, request: Any) -> Any:
        return balance.GetBalanceResponse(balance={"settled_micros": 980_000})


class Failing(Exception):
    """An error as the core's; without a reason, as of something on the way."""

    def __init__(self, code: grpc.StatusCode, reason: str = "", **metadata: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = b""
        if reason:
            info = rpc.ErrorInfo(reason=reason, domain="billing", metadata=metadata)
            detail = rpc.Any(
                type_url="type.googleapis.com/google.rpc.ErrorInfo", value=info.SerializeToString()
            )
            self.details = rpc.Status(code=code.value[0], details=[detail]).SerializeToString()


def fails(error: Failing, times: int = 1 << 30) -> Callable[[Any], None]:
    """Fails the first so many times."""
    left = [times]

    def fail(_request: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return fail


def late(seconds: float) -> Callable[[Any], None]:
    """Answers after the caller's patience: the one pause here, which is the world's."""
    return lambda _request: time.sleep(seconds)
