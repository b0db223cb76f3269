"""The client for asyncio, over real gRPC."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from core import Core, Failing, fails

from billing_client import AsyncBilling, AsyncCall, BillingUnavailable, Charged

AWAY = Failing(grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN")


def run(settings: dict[str, Any], work: Callable[[AsyncBilling], Awaitable[None]]) -> None:
    async def main() -> None:
        async with AsyncBilling(**settings) as billing:
            await work(billing)

    asyncio.run(main())


def test_a_call_is_captured_as_reported_or_at_once(core: Core, settings: dict[str, Any]) -> None:
    async def work(billing: AsyncBilling) -> None:
        async with billing.call(user="oksana", tool="search") as call:
            call.report({"query_tokens": 2})
        async with billing.call(user="oksana", tool="search") as call:
            assert await call.capture({"query_tokens": 3}) == Charged(20_000, 980_000)

    run(settings, work)
    quantities = [dict(request.cost.tool.quantities) for request in core.asked("CaptureHold")]
    assert sorted(quantities, key=str) == [{"query_tokens": 2}, {"query_tokens": 3}]
    assert not core.asked("ReleaseHold")


def test_a_cancelled_call_is_released_and_stays_cancelled(core: Core, settings: dict[str, Any]) -> None:
    async def work(billing: AsyncBilling) -> None:
        entered = asyncio.Event()

        async def call() -> None:
            async with billing.call(user="oksana", tool="search"):
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(call())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(settings, work)
    assert core.names() == ["CheckBalance", "PlaceHold", "ReleaseHold"]


def test_a_call_that_is_cancelled_while_it_is_placed_leaves_no_hold(core: Core, settings: dict[str, Any]) -> None:
    async def work(billing: AsyncBilling) -> None:
        arrived, leave = threading.Event(), threading.Event()

        def wait(_request: Any) -> None:
            arrived.set()
            leave.wait(10)

        core.failing["PlaceHold"] = wait
        task = asyncio.create_task(billing.call(user="oksana", tool="search").__aenter__())
        await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        leave.set()

    run(settings, work)
    assert {request.idempotency_key for request in core.asked("PlaceHold")} == {
        request.hold_id for request in core.asked("ReleaseHold")
    }


def test_an_end_is_kept_and_a_long_pause_does_not_outlast_close(core: Core, settings: dict[str, Any]) -> None:
    saved: dict[str, Any] = {}

    class Shelf:
        async def save(self, id: str, end: dict[str, Any]) -> None:
            saved[id] = end

        async def remove(self, id: str) -> None:
            del saved[id]

        async def load(self) -> list[dict[str, Any]]:
            return []

    async def work(billing: AsyncBilling) -> None:
        core.failing["CaptureHold"] = fails(AWAY)
        async with billing.call(user="oksana", tool="search"):
            pass
        await asyncio.to_thread(core.until, lambda: bool(saved))
        assert (billing.calls, billing.backlog) == (0, 1)
        assert await billing.close(0.01) == 1
        with pytest.raises(BillingUnavailable):
            await billing.call(user="oksana", tool="search").__aenter__()
        core.failing.clear()

    run({**settings, "ending_deadline": 0.2, "store": Shelf()}, work)
    assert not saved
    assert core.holds


def test_a_decorated_coroutine_is_guarded(core: Core, settings: dict[str, Any]) -> None:
    async def work(billing: AsyncBilling) -> None:
        @billing.guarded(tool="search", user="oksana")
        async def find(query: str, call: AsyncCall) -> str:
            call.report({"query_tokens": len(query)})
            return query

        assert await find("law") == "law"
        with pytest.raises(TypeError):
            billing.guarded(user="oksana")(lambda: None)  # type: ignore[arg-type,return-value]

    run(settings, work)
    assert core.asked("CaptureHold")[0].cost.tool.quantities == {"query_tokens": 3}
