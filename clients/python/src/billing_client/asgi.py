"""Middleware for ASGI: FastAPI, Starlette, or any other. It needs neither of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from billing_client.async_billing import AsyncBilling, AsyncCall
from billing_client.refusals import InvalidRequest, Refused, RequestTooLarge

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# A value, or a function of the request, which may be async.
Given: TypeAlias = Any

_BODY_MAX = 1 << 20


class ClientGone(Exception):
    """The caller has gone before its request was complete."""


class GuardedRequest:
    """The request that `tool`, `user`, `estimate` and `only` are asked about; its body is read where one asks for it."""

    def __init__(self, scope: Scope, receive: Receive, body_max: int) -> None:
        self.scope = scope
        self._receive = receive
        self._body_max = body_max
        self._body: bytes | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    def headers(self, name: str) -> list[str]:
        """All values of a header."""
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self.scope["headers"] if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """The header's value; None where it is not sent exactly once."""
        values = self.headers(name)
        return values[0] if len(values) == 1 else None

    async def body(self) -> bytes:
        """The whole body; the app reads it again. RequestTooLarge above `body_max` bytes."""
        if self._body is None:
            parts: list[bytes] = []
            length, more = 0, True
            while more:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                parts.append(message.get("body", b""))
                length += len(parts[-1])
                if length > self._body_max:
                    raise RequestTooLarge
                more = message.get("more_body", False)
            self._body = b"".join(parts)
        return self._body

    async def json(self) -> Any:
        """The body as JSON; InvalidRequest where it is none."""
        try:
            return json.loads(await self.body())
        except ValueError:
            raise InvalidRequest("The body must be JSON") from None


class BillingMiddleware:
    """Guards the requests that `only` names: a prefix of paths, or a function of the request; None: all.

    `tool`, `user` and `estimate` are values or functions of a `GuardedRequest`, which may be async; a Refused that one
    raises is the answer. A tool of None: the request is not guarded. The app finds its call in
    `request.state.billing`, that is `scope["state"]["billing"]`, and reports before its answer is complete. The call is
    released where the answer's status is 400 or above, where the app raises, and where the caller has gone before the
    answer was complete.
    """

    def __init__(
        self,
        app: App,
        billing: AsyncBilling,
        *,
        tool: Given,
        user: Given,
        estimate: Given = None,
        only: str | Callable[[GuardedRequest], bool] | None = None,
        body_max: int = _BODY_MAX,
    ) -> None:
        self._app = app
        self._billing = billing
        self._tool = tool
        self._user = user
        self._estimate = estimate
        self._only = only
        self._body_max = body_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = GuardedRequest(scope, receive, self._body_max)
        try:
            call = await self._call(request)
            if call is not None:
                await call.__aenter__()
        except Refused as refused:
            await _answer(refused, send)
            return
        except ClientGone:
            return
        watched = _Watched(request, call, self._billing, receive, send)
        if call is None:
            await self._app(scope, watched.receive, send)
            return
        scope = {**scope, "state": {**scope.get("state", {}), "billing": call}}
        try:
            await self._app(scope, watched.receive, watched.send)
        except BaseException:
            watched.end(False)
            raise
        watched.end(watched.complete)

    async def _call(self, request: GuardedRequest) -> AsyncCall | None:
        if isinstance(self._only, str):
            if not request.path.startswith(self._only):
                return None
        elif self._only is not None and not self._only(request):
            return None
        tool = await _read(self._tool, request)
        if tool is None:
            return None
        keys = request.headers("idempotency-key")
        if len(keys) > 1:
            raise InvalidRequest
        asked = None
        if keys:
            query = request.scope.get("query_string", b"")
            line = f"{request.method} {request.path}?".encode() + query + b"\n"
            asked = line + await request.body()
        return self._billing.call(
            user=await _read(self._user, request),
            tool=tool,
            estimate=await _read(self._estimate, request),
            idempotency_key=keys[0].encode("latin-1") if keys else None,
            request=asked,
            traceparent=request.header("traceparent"),
        )


class _Watched:
    """Passes messages on, and ends the call with the last one."""

    def __init__(
        self, request: GuardedRequest, call: AsyncCall | None, billing: AsyncBilling, receive: Receive, send: Send
    ) -> None:
        self._call = call
        self._billing = billing
        self._receive = receive
        self._send = send
        # Messages that were read before their time, for the app to read.
        self._read: list[Message] = []
        if request._body is not None:
            self._read.append({"type": "http.request", "body": request._body, "more_body": False})
        # A server that is asked for a body asks the caller for it, where the caller waits for that.
        self._may_ask = request._body is not None or not request.headers("expect")
        self._receiving = 0
        self._status = 0
        self._gone = False
        self._ended = False
        self.complete = False

    async def receive(self) -> Message:
        self._may_ask = True
        if self._read:
            return self._read.pop(0)
        self._receiving += 1
        try:
            message = await self._receive()
        finally:
            self._receiving -= 1
        if message["type"] == "http.disconnect" and not self.complete:
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
        last = kind == "http.response.pathsend" or (
            kind == "http.response.body" and not message.get("more_body", False)
        )
        if last:
            await self._look_whether_gone()
        await self._send(message)
        if last:
            self.complete = True
            self.end(True)

    def end(self, well: bool) -> None:
        if self._ended or self._call is None:
            return
        self._ended = True
        self._billing._end(self._call, well and self._status < 400 and not self._gone)

    async def _look_whether_gone(self) -> None:
        """Servers say nothing to an app that does not ask, and take its answer for a caller that has gone."""
        if self._gone or self._receiving or self._read or not self._may_ask:
            return
        asked = asyncio.ensure_future(self._receive())
        # A message that is there is given in the first step; two, for a receive that is wrapped.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not asked.done():
            asked.cancel()
            return
        if asked.cancelled() or asked.exception() is not None:
            return
        message = asked.result()
        if message["type"] == "http.disconnect":
            self._gone = True
        else:
            self._read.append(message)


async def _read(given: Given, request: GuardedRequest) -> Any:
    if not callable(given):
        return given
    value = given(request)
    return await value if hasattr(value, "__await__") else value


async def _answer(refused: Refused, send: Send) -> None:
    headers: Mapping[str, str] = {**refused.headers, "content-length": str(len(refused.body))}
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refused.status, "headers": lines})
    await send({"type": "http.response.body", "body": refused.body})
