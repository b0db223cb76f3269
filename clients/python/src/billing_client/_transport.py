"""The way to the core, blocking and with asyncio. Channels are made with the first call, not before.

A process that forks before its first call is safe; gRPC's own channels do not survive a fork.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import grpc
import grpc.aio

from billing_client._flow import Flow
from billing_client._rpc import METHODS, OPTIONS, Hook, Send, failed
from billing_client.settings import Settings

_T = TypeVar("_T")


class Transport:
    """Sends from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        # Made once; in the order of METHODS.
        self._calls: Sequence[Callable[..., Any]] | None = None

    def run(self, flow: Flow[_T]) -> _T:
        """Drives a flow to its end on this thread."""
        try:
            step = next(flow)
            while True:
                if type(step) is float:
                    time.sleep(step)
                    step = next(flow)
                else:
                    step = self.step(flow, step)
        except StopIteration as end:
            value: _T = end.value
            return value

    def step(self, flow: Flow[Any], step: Any) -> Any:
        """Takes one step that is no pause. The next one; StopIteration: the flow has ended."""
        if type(step) is Send:
            calls = self._calls or self._connect()
            try:
                answer = calls[step.method](step.message, timeout=step.timeout, metadata=step.metadata)
            except grpc.RpcError as error:
                return flow.throw(failed(error))
            return flow.send(answer)
        try:
            answer = step.run(*step.arguments)
        except Exception as error:  # Of a hook: the flow logs it.
            return flow.throw(error)
        return flow.send(answer)

    def close(self) -> None:
        with self._lock:
            channel, self._channel, self._calls = self._channel, None, None
        if channel is not None:
            channel.close()

    def _connect(self) -> Sequence[Callable[..., Any]]:
        with self._lock:
            if self._calls is None:
                settings = self._settings
                if settings.secure:
                    credentials = grpc.ssl_channel_credentials(root_certificates=settings.roots)
                    self._channel = grpc.secure_channel(settings.target, credentials, OPTIONS)
                else:
                    self._channel = grpc.insecure_channel(settings.target, OPTIONS)
                self._calls = _multicallables(self._channel)
            return self._calls


class AsyncTransport:
    """Sends within one event loop, the one in which it is made."""

    def __init__(self, settings: Settings) -> None:
        if settings.secure:
            credentials = grpc.ssl_channel_credentials(root_certificates=settings.roots)
            self._channel = grpc.aio.secure_channel(settings.target, credentials, OPTIONS)
        else:
            self._channel = grpc.aio.insecure_channel(settings.target, OPTIONS)
        self._calls = _multicallables(self._channel)

    async def run(self, flow: Flow[_T], pause: Callable[[float], Any]) -> _T:
        """Drives a flow to its end; `pause` sleeps so many seconds."""
        try:
            step: Any = next(flow)
            while True:
                if type(step) is Send:
                    try:
                        answer = await self._calls[step.method](
                            step.message, timeout=step.timeout, metadata=step.metadata
                        )
                    except grpc.RpcError as error:
                        step = flow.throw(failed(error))
                    else:
                        step = flow.send(answer)
                elif type(step) is float:
                    await pause(step)
                    step = next(flow)
                else:
                    try:
                        answer = await _hook(step)
                    except Exception as error:  # Of a hook: the flow logs it.
                        step = flow.throw(error)
                    else:
                        step = flow.send(answer)
        except StopIteration as end:
            value: _T = end.value
            return value

    async def close(self) -> None:
        await self._channel.close()


async def _hook(hook: Hook) -> Any:
    answer = hook.run(*hook.arguments)
    return await answer if hasattr(answer, "__await__") else answer


def _multicallables(channel: Any) -> Sequence[Callable[..., Any]]:
    return [
        channel.unary_unary(
            path, request_serializer=request.SerializeToString, response_deserializer=response.FromString
        )
        for path, request, response in METHODS
    ]
