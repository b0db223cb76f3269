"""The client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from billing_client._call import CallState, Charged
from billing_client._end import Store
from billing_client._ending import Endings, OnLost
from billing_client._flow import Decisions, Flow
from billing_client._guard import Given, Guard
from billing_client._log import Log
from billing_client._state import State
from billing_client._transport import AsyncTransport
from billing_client.refusals import BillingUnavailable
from billing_client.settings import Settings

_R = TypeVar("_R")

_HURRIED_SECS = 0.5


class AsyncCall(CallState):
    """A guarded call: an async context manager, whose block is the work."""

    __slots__ = ("_asked", "_billing")

    def __init__(self, billing: AsyncBilling, tool: str, asked: tuple[Any, ...]) -> None:
        super().__init__(tool)
        self._billing = billing
        self._asked = asked

    async def __aenter__(self) -> AsyncCall:
        await self._billing._begin(self, self._asked)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        # Nothing is awaited here: a cancelled block is released like any other that raised.
        self._billing._end(self, kind is None)

    async def capture(self, usage: Mapping[str, int]) -> Charged | None:
        """Charges now, and says what was charged and the balance after it. None: the call is not billed.

        ReportError as `report`; BillingUnavailable where the core refuses it, or does not answer within the
        ending deadline: then it is captured later, however its block ends.
        """
        return await self._billing._run(self._billing._endings.capture(self, usage))


class AsyncBilling:
    """Guards calls of tools. One for an event loop.

    Settings are keyword arguments, or come from the environment; SettingsError where one is missing or cannot
    work. `on_lost(end, why)` is told of each end that will not be delivered. Ends are sent by tasks of their own:
    `await close()` before the loop ends, or they end with it.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        store: Store | None = None,
        on_lost: OnLost | None = None,
        logger: logging.Logger | None = None,
        **given: Any,
    ) -> None:
        self.settings = settings or Settings.read(**given)
        self._store = store
        self._log = Log(logger)
        self._beat_secs = self.settings.hold_ttl / 3
        self._state = State(self.settings.backlog_max, self.settings.allow_up_to_micros)
        self._decisions = Decisions(self.settings, self._state, self._log)
        self._endings = Endings(self._decisions, store, on_lost)
        # Of the loop in which the first call is made.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transport: AsyncTransport
        self._closing: asyncio.Event
        self._idle: asyncio.Event
        self._loading: asyncio.Task[None] | None
        self._tasks: set[asyncio.Task[Any]] = set()

    def call(
        self,
        *,
        user: str | int | None,
        tool: str,
        estimate: Mapping[str, int] | None = None,
        idempotency_key: str | bytes | None = None,
        request: str | bytes | None = None,
        traceparent: str | None = None,
    ) -> AsyncCall:
        """A call to be made: `async with billing.call(…) as call:`. Entering asks the core; Refused: a no.

        `estimate`: quantities by unit, or `{"amount_micros": n}`; None: the tool has no units.
        `request`: what the caller's `idempotency_key` is for; None: the estimate stands for it.
        """
        return AsyncCall(self, tool, (user, estimate, idempotency_key, request, traceparent))

    def guarded(
        self,
        *,
        tool: Given = None,
        user: Given,
        estimate: Given = None,
        idempotency_key: Given = None,
        request: Given = None,
        traceparent: Given = None,
    ) -> Callable[[Callable[..., Awaitable[_R]]], Callable[..., Awaitable[_R]]]:
        """A decorator. Each argument is a value, or a function of the guarded function's arguments.

        `tool` None: the function's name. The call is passed as `call` where the function has such a parameter.
        """
        given = {"user": user, "estimate": estimate, "idempotency_key": idempotency_key}
        given |= {"request": request, "traceparent": traceparent}

        def decorate(function: Callable[..., Awaitable[_R]]) -> Callable[..., Awaitable[_R]]:
            guard = Guard(function, tool, given)
            if not inspect.iscoroutinefunction(function):
                raise TypeError("a function that is not async is guarded by Billing")

            async def guarded(*arguments: Any, **named: Any) -> _R:
                async with self.call(**guard.read(arguments, named)) as call:
                    if guard.takes_call:
                        named["call"] = call
                    return await function(*arguments, **named)

            return guard.wraps(function, guarded)

        return decorate

    @property
    def calls(self) -> int:
        """Calls under way: their end is neither delivered nor kept."""
        return self._state.calls

    @property
    def backlog(self) -> int:
        """Ends that could not be delivered yet."""
        return self._state.backlog

    async def close(self, within: float = 10.0) -> int:
        """Takes no new calls, and waits at most `within` seconds for those under way and for the backlog.

        How many ends are left. They are sent on until the loop ends; it may be called again.
        """
        self._state.closing = True
        loop = self._enter_loop()
        self._closing.set()
        until = loop.time() + within
        if self._loading is not None:
            # What the store has is left as well.
            await asyncio.wait([self._loading], timeout=within)
        if self._state.left:
            try:
                await asyncio.wait_for(self._idle.wait(), max(0.0, until - loop.time()))
            except asyncio.TimeoutError:
                pass
        left = self._state.left
        if left:
            return left
        # The last tasks have nothing left to send.
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        await self._transport.close()
        return 0

    async def __aenter__(self) -> AsyncBilling:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and self._loop.is_running():
                raise RuntimeError("this AsyncBilling is used by another event loop: make one for each")
            self._loop = loop
            self._transport = AsyncTransport(self.settings)
            self._closing = asyncio.Event()
            self._tasks = set()
            self._idle = asyncio.Event()
            self._state.on_idle = self._idle.set
            loads = self._store is not None and not self._state.closing
            self._loading = self._spawn(self._load()) if loads else None
        return loop

    async def _begin(self, call: AsyncCall, asked: tuple[Any, ...]) -> None:
        loop = self._enter_loop()
        if self._loading is not None:
            await asyncio.shield(self._loading)
            self._loading = None
        if not self._state.begin():
            raise BillingUnavailable
        try:
            if self._decisions.prepare(call, *asked):
                await self._run(self._decisions.admit(call))
        except asyncio.CancelledError:
            if call.placing:
                self._spawn(self._run(self._undo(call)))
            else:
                self._state.done()
            raise
        except BaseException:
            self._state.done()
            raise
        if call.mode == "held" and call.replayed != "captured":
            call.working = True
            # The hold of a repeat may be about to expire.
            delay = 0.0 if call.replayed else self._beat_secs
            call.beat = loop.call_later(delay, self._extend, call)

    def _end(self, call: AsyncCall, well: bool) -> None:
        call.working = False
        timer, call.beat = call.beat, None
        if timer is not None:
            timer.cancel()
        end = self._endings.end(call, well)
        if end is None:
            self._state.done()
        else:
            self._spawn(self._run(self._endings.deliver(end)))

    def _extend(self, call: AsyncCall) -> None:
        async def extend() -> None:
            lives = await self._run(self._decisions.extend(call))
            if lives and call.working and self._loop is not None:
                call.beat = self._loop.call_later(self._beat_secs, self._extend, call)

        if call.working:
            self._spawn(extend())

    def _undo(self, call: AsyncCall) -> Flow[None]:
        """Releases the hold of a call that was cancelled while it was being placed."""
        end = None
        if (yield from self._decisions.place_again(call)):
            end = self._endings.end(call, False)
        if end is None:
            self._state.done()
        else:
            yield from self._endings.deliver(end)

    async def _load(self) -> None:
        for end in await self._run(self._endings.load()):
            self._spawn(self._run(self._endings.deliver(end, kept=True)))

    async def _run(self, flow: Flow[_R]) -> _R:
        return await self._transport.run(flow, self._pause)

    async def _pause(self, seconds: float) -> None:
        """Sleeps; `close` cuts the longer pauses short."""
        if seconds < _HURRIED_SECS or self._closing.is_set():
            await asyncio.sleep(min(seconds, _HURRIED_SECS))
            return
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._log.error("an end was left, since the event loop has ended before close()")
        elif task.exception() is not None:
            self._log.logger.error("an end broke off", exc_info=task.exception())
