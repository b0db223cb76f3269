"""The client for asyncio, over real gRPC."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from core import Core, Failing, fails

from billing_client import AsyncBilling, AsyncCall, BillingUnavailable, Charged, End

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


def test_an_open_call_is_settled_by_its_placement_and_charged_as_captured(
    core: Core, settings: dict[str, Any]
) -> None:
    async def work(billing: AsyncBilling) -> None:
        core.failing["CheckBalance"] = core.failing["PlaceHold"] = fails(AWAY)
        async with billing.call(user="oksana", tool="search", estimate={"amount_micros": 20_000}) as call:
            with pytest.raises(BillingUnavailable):
                await call.capture({"amount_micros": 15_000})
            call.release()
        core.failing.clear()

    run({**settings, "decision_deadline": 0.2, "ending_deadline": 0.2, "allow_up_to_micros": 20_000}, work)
    [capture] = core.asked("CaptureHold")
    assert capture.hold_id == core.asked("PlaceHold")[0].idempotency_key
    assert capture.cost.amount_micros == 15_000
    assert not core.asked("Charge") and not core.asked("ReleaseHold")


def test_close_waits_for_what_the_store_has(core: Core, settings: dict[str, Any]) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    end = End("capture", "iryna", "search", "k", "h1", {}, trace[3:35], trace)

    class Slow:
        def __init__(self) -> None:
            self.asked, self.answer = asyncio.Event(), asyncio.Event()

        async def save(self, id: str, end: dict[str, Any]) -> None:
            raise AssertionError

        async def remove(self, id: str) -> None:
            assert id == end.id

        async def load(self) -> list[dict[str, Any]]:
            self.asked.set()
            await self.answer.wait()
            return [end.record()]

    async def main() -> None:
        store = Slow()
        billing = AsyncBilling(**settings, store=store)
        call = asyncio.create_task(billing.call(user="oksana", tool="search").__aenter__())
        await store.asked.wait()
        closing = asyncio.create_task(billing.close())
        await asyncio.sleep(0)
        store.answer.set()
        assert await closing == 0
        with pytest.raises(BillingUnavailable):
            await call

    asyncio.run(main())
    assert core.names() == ["CaptureHold"]


def test_another_event_loop_is_refused_while_the_first_one_runs(core: Core, settings: dict[str, Any]) -> None:
    async def work(billing: AsyncBilling) -> None:
        async with billing.call(user="oksana", tool="search"):
            other = billing.call(user="oksana", tool="search").__aenter__()
            with pytest.raises(RuntimeError, match="event loop"):
                await asyncio.to_thread(asyncio.run, other)

    run(settings, work)
    assert core.names() == ["CheckBalance", "PlaceHold", "CaptureHold"]


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
