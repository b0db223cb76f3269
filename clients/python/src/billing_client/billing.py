"""The client for threads."""

from __future__ import annotations

import inspect
import logging
import os
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from billing_client._background import Background
from billing_client._call import CallState, Charged
from billing_client._end import End, Store
from billing_client._ending import Endings, OnLost
from billing_client._flow import Decisions
from billing_client._guard import Given, Guard
from billing_client._log import Log
from billing_client._state import State
from billing_client._transport import Transport
from billing_client.refusals import BillingUnavailable
from billing_client.settings import Settings

_R = TypeVar("_R")


class Call(CallState):
    """A guarded call: a context manager, whose block is the work."""

    __slots__ = ("_asked", "_billing")

    def __init__(self, billing: Billing, tool: str, asked: tuple[Any, ...]) -> None:
        super().__init__(tool)
        self._billing = billing
        self._asked = asked

    def __enter__(self) -> Call:
        self._billing._begin(self, self._asked)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._billing._end(self, kind is None)

    def capture(self, usage: Mapping[str, int]) -> Charged | None:
        """Charges now, and says what was charged and the balance after it. None: the call is not billed.

        ReportError as `report`; BillingUnavailable where the core refuses it, or does not answer within the
        ending deadline: then it is captured later, however its block ends.
        """
        return self._billing._transport.run(self._billing._endings.capture(self, usage))


class Billing:
    """Guards calls of tools. One for a process, shared by its threads.

    Settings are keyword arguments, or come from the environment; SettingsError where one is missing or cannot
    work. `on_lost(end, why)` is told of each end that will not be delivered. Nothing is sent at exit unless
    `close` is called.
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
        self._on_lost = on_lost
        self._log = Log(logger)
        self._beat_secs = self.settings.hold_ttl / 3
        self._lock = threading.Lock()
        self._start()

    def call(
        self,
        *,
        user: str | int | None,
        tool: str,
        estimate: Mapping[str, int] | None = None,
        idempotency_key: str | bytes | None = None,
        request: str | bytes | None = None,
        traceparent: str | None = None,
    ) -> Call:
        """A call to be made: `with billing.call(…) as call:`. Entering asks the core; Refused: a no.

        `estimate`: quantities by unit, or `{"amount_micros": n}`; None: the tool has no units.
        `request`: what the caller's `idempotency_key` is for; None: the estimate stands for it.
        """
        return Call(self, tool, (user, estimate, idempotency_key, request, traceparent))

    def guarded(
        self,
        *,
        tool: Given = None,
        user: Given,
        estimate: Given = None,
        idempotency_key: Given = None,
        request: Given = None,
        traceparent: Given = None,
    ) -> Callable[[Callable[..., _R]], Callable[..., _R]]:
        """A decorator. Each argument is a value, or a function of the guarded function's arguments.

        `tool` None: the function's name. The call is passed as `call` where the function has such a parameter.
        """
        given = {"user": user, "estimate": estimate, "idempotency_key": idempotency_key}
        given |= {"request": request, "traceparent": traceparent}

        def decorate(function: Callable[..., _R]) -> Callable[..., _R]:
            if inspect.iscoroutinefunction(function):
                raise TypeError("an async function is guarded by AsyncBilling")
            guard = Guard(function, tool, given)

            def guarded(*arguments: Any, **named: Any) -> _R:
                with self.call(**guard.read(arguments, named)) as call:
                    if guard.takes_call:
                        named["call"] = call
                    return function(*arguments, **named)

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

    def close(self, within: float = 10.0) -> int:
        """Takes no new calls, and waits at most `within` seconds for those under way and for the backlog.

        How many ends are left. They are sent on until the process ends; it may be called again.
        """
        self._state.closing = True
        self._background.hurry()
        if self._state.left:
            self._idle.wait(within)
        left = self._state.left
        if left:
            return left
        self._background.stop()
        self._transport.close()
        return 0

    def __enter__(self) -> Billing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        self._state = State(self.settings.backlog_max, self.settings.allow_up_to_micros)
        self._idle = threading.Event()
        self._state.on_idle = self._idle.set
        self._transport = Transport(self.settings)
        self._background = Background(self._transport, self._log.logger)
        self._decisions = Decisions(self.settings, self._state, self._log)
        self._endings = Endings(self._decisions, self._store, self._on_lost)
        self._loaded = self._store is None
        # Last: another thread of a child that sees it finds all the rest.
        self._pid = os.getpid()

    def _begin(self, call: Call, asked: tuple[Any, ...]) -> None:
        if self._pid != os.getpid():
            self._fork()
        if not self._loaded and not self._state.closing:
            self._load()
        if not self._state.begin():
            raise BillingUnavailable
        try:
            if self._decisions.prepare(call, *asked):
                self._transport.run(self._decisions.admit(call))
            if call.mode == "held" and call.replayed != "captured":
                call.working = True
                # The hold of a repeat may be about to expire.
                self._beat(call, 0.0 if call.replayed else self._beat_secs)
        except BaseException:
            call.working = False
            self._state.done()
            raise

    def _end(self, call: Call, well: bool) -> None:
        call.working = False
        timer, call.beat = call.beat, None
        if timer is not None:
            self._background.cancel(timer)
        end = self._endings.end(call, well)
        if end is None:
            self._state.done()
        else:
            self._background.run(self._endings.deliver(end))

    def _beat(self, call: Call, delay_secs: float) -> None:
        call.beat = self._background.at(delay_secs, lambda: self._extend(call))

    def _extend(self, call: Call) -> None:
        def again(lives: bool) -> None:
            if lives and call.working:
                self._beat(call, self._beat_secs)

        # Not `beat`: at a delay of 0 this may run before it is set.
        if call.working:
            self._background.run(self._decisions.extend(call), again)

    def _fork(self) -> None:
        """A child has neither the threads nor the channel of its parent, and leaves the ends to it."""
        with self._lock:
            if self._pid != os.getpid():
                self._log = Log(self._log.logger)
                self._start()

    def _load(self) -> None:
        with self._lock:
            if self._loaded:
                return
            self._loaded = True
        kept: list[End] = self._transport.run(self._endings.load())
        for end in kept:
            self._background.run(self._endings.deliver(end, kept=True))
