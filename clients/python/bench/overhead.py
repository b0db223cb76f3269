"""How long a guarded call takes beside the bare requests that it consists of: check, placement and capture.

    python bench/overhead.py up.json --at-most 1.2

Both in one process, in turns, so that neither has the better minute; first with threads, then with asyncio. Prints a
line for each number of calls in flight, and all as one line of JSON. Ends with 1 where a ratio is above the bound: the
ratio is the median of the pairs' ratios, each of two medians.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from uuid import uuid4

import grpc
import grpc.aio

from billing_client import AsyncBilling, Billing

# Not the package's API. Both sides read and write by the same classes, so that only the guard differs.
from billing_client._gen.billing.v1 import account_pb2 as account
from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._gen.billing.v1 import price_pb2 as price

IN_FLIGHT = (1, 16)
TOOL = "summarize"
# Exactly the units of the tool's price.
ESTIMATE = {"query_tokens": 100, "budget_quick": 0, "budget_standard": 1, "budget_deep": 0}
TAKEN = {**ESTIMATE, "query_tokens": 120}
# The defaults of the package.
DECISION_SECS, ENDING_SECS, TTL_SECS = 2.0, 5.0, 60
ADMIN_SECS = 10.0
# One million dollars: no run spends so much.
GRANT_MICROS = 1_000_000_000_000
# As the package connects.
OPTIONS = [
    ("grpc.enable_retries", 0),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A connection of its own, where the package's channel has the same address and options.
    ("grpc.use_local_subchannel_pool", 1),
]

# Seconds that each call of a slice took.
Took = list[float]


def method(channel: Any, name: str, service: str = "BalanceService") -> Callable[..., Any]:
    messages = account if service == "AccountService" else balance
    request, response = getattr(messages, f"{name}Request"), getattr(messages, f"{name}Response")
    path = f"/billing.v1.{service}/{name}"
    call: Callable[..., Any] = channel.unary_unary(
        path, request_serializer=request.SerializeToString, response_deserializer=response.FromString
    )
    return call


class Bare:
    """The three requests as a backend would write them by hand, on a channel of either kind."""

    def __init__(self, channel: Any, up: dict[str, str]) -> None:
        self._check = method(channel, "CheckBalance")
        self._place = method(channel, "PlaceHold")
        self._capture = method(channel, "CaptureHold")
        self._tenant = up["tenant_id"]
        self._authorization = ("authorization", f"Bearer {up['tools_token']}")

    def call(self, user: str) -> None:
        who, trace_id, metadata = self._begin(user)
        allowed(self._check(check(who), timeout=DECISION_SECS, metadata=metadata))
        placed = allowed(self._place(place(who, trace_id), timeout=DECISION_SECS, metadata=metadata))
        self._capture(capture(who, placed.hold.hold_id), timeout=ENDING_SECS, metadata=metadata)

    async def async_call(self, user: str) -> None:
        who, trace_id, metadata = self._begin(user)
        allowed(await self._check(check(who), timeout=DECISION_SECS, metadata=metadata))
        placed = allowed(await self._place(place(who, trace_id), timeout=DECISION_SECS, metadata=metadata))
        await self._capture(capture(who, placed.hold.hold_id), timeout=ENDING_SECS, metadata=metadata)

    def _begin(self, user: str) -> tuple[account.AccountRef, str, tuple[tuple[str, str], ...]]:
        trace_id = uuid4().hex
        metadata = (self._authorization, ("traceparent", f"00-{trace_id}-{trace_id[16:]}-00"))
        return account.AccountRef(tenant_id=self._tenant, user_id=user), trace_id, metadata


def cost(quantities: dict[str, int]) -> balance.Cost:
    return balance.Cost(tool=price.ToolUsage(name=TOOL, quantities=quantities))


def check(who: account.AccountRef) -> balance.CheckBalanceRequest:
    return balance.CheckBalanceRequest(account=who, cost=cost(ESTIMATE))


def place(who: account.AccountRef, trace_id: str) -> balance.PlaceHoldRequest:
    ttl: Any = {"seconds": TTL_SECS}
    key = f"tool-call:{uuid4()}"
    return balance.PlaceHoldRequest(
        account=who, idempotency_key=key, cost=cost(ESTIMATE), ttl=ttl, request_id=trace_id
    )


def capture(who: account.AccountRef, hold_id: str) -> balance.CaptureHoldRequest:
    return balance.CaptureHoldRequest(
        account=who,
        hold_id=hold_id,
        cost=cost(TAKEN),
        overage_policy=balance.OVERAGE_POLICY_ALLOW_DEBT,
        settle_expired=True,
    )


def allowed(answer: Any) -> Any:
    if answer.decision != balance.DECISION_ALLOWED:
        raise RuntimeError(f"denied: {answer.decision}")
    return answer


@dataclass
class Pairs:
    """Slices of both sides, in turns."""

    mode: str
    in_flight: int
    bare: Took = field(default_factory=list)
    guarded: Took = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def add(self, bare: Took, guarded: Took) -> None:
        self.ratios.append(median(guarded) / median(bare))
        self.bare += bare
        self.guarded += guarded

    def result(self) -> dict[str, Any]:
        return {
            "mode": self.mode,
            "in_flight": self.in_flight,
            "bare_p50_us": round(median(self.bare) * 1e6),
            "guarded_p50_us": round(median(self.guarded) * 1e6),
            "bare_calls": len(self.bare),
            "guarded_calls": len(self.guarded),
            "ratio": round(median(self.ratios), 4),
            "ratio_lowest": round(min(self.ratios), 4),
            "ratio_highest": round(max(self.ratios), 4),
        }


def threads_slice(call: Callable[[str], None], users: Sequence[str], lasts: float) -> Took:
    """Each user calls one time after another in a thread of its own, until the time is over."""
    gc.collect()
    took: Took = []
    failed: list[Exception] = []
    until = time.perf_counter() + lasts

    def work(user: str) -> None:
        try:
            while (began := time.perf_counter()) < until:
                call(user)
                took.append(time.perf_counter() - began)
        except Exception as error:  # Raised again by the main thread.
            failed.append(error)

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return took


async def tasks_slice(call: Callable[[str], Awaitable[None]], users: Sequence[str], lasts: float) -> Took:
    """The same with a task for each user."""
    gc.collect()
    took: Took = []
    until = time.perf_counter() + lasts

    async def work(user: str) -> None:
        while (began := time.perf_counter()) < until:
            await call(user)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*map(work, users))
    return took


def with_threads(up: dict[str, str], users: Sequence[str], options: argparse.Namespace) -> list[dict[str, Any]]:
    results = []
    with grpc.insecure_channel(address(up), OPTIONS) as channel, Billing(**settings(up)) as billing:
        bare = Bare(channel, up).call

        def guarded(user: str) -> None:
            with billing.call(user=user, tool=TOOL, estimate=ESTIMATE) as call:
                call.capture(TAKEN)

        for in_flight in IN_FLIGHT:
            pairs, callers = Pairs("threads", in_flight), users[:in_flight]
            for way in (bare, guarded, bare, guarded):
                threads_slice(way, callers, options.slice_secs)
            for _ in range(options.pairs):
                of_bare = threads_slice(bare, callers, options.slice_secs)
                pairs.add(of_bare, threads_slice(guarded, callers, options.slice_secs))
            results.append(told(pairs.result()))
        if billing.backlog:
            raise RuntimeError(f"{billing.backlog} ends were not delivered")
    return results


async def with_asyncio(up: dict[str, str], users: Sequence[str], options: argparse.Namespace) -> list[dict[str, Any]]:
    results = []
    async with grpc.aio.insecure_channel(address(up), OPTIONS) as channel, AsyncBilling(**settings(up)) as billing:
        bare = Bare(channel, up).async_call

        async def guarded(user: str) -> None:
            async with billing.call(user=user, tool=TOOL, estimate=ESTIMATE) as call:
                await call.capture(TAKEN)

        for in_flight in IN_FLIGHT:
            pairs, callers = Pairs("asyncio", in_flight), users[:in_flight]
            for way in (bare, guarded, bare, guarded):
                await tasks_slice(way, callers, options.slice_secs)
            for _ in range(options.pairs):
                of_bare = await tasks_slice(bare, callers, options.slice_secs)
                pairs.add(of_bare, await tasks_slice(guarded, callers, options.slice_secs))
            results.append(told(pairs.result()))
        if billing.backlog:
            raise RuntimeError(f"{billing.backlog} ends were not delivered")
    return results


def told(result: dict[str, Any]) -> dict[str, Any]:
    print(
        f"python {result['mode']}, {result['in_flight']} in flight: p50 bare {result['bare_p50_us']} us, "
        f"guarded {result['guarded_p50_us']} us, "
        f"ratio {result['ratio']} ({result['ratio_lowest']} to {result['ratio_highest']})",
        flush=True,
    )
    return result


def fund(up: dict[str, str], users: Sequence[str]) -> None:
    """Gives each user more than a run can spend, and takes the limits away."""
    metadata = (("authorization", f"Bearer {up['admin_token']}"),)
    none = account.AmountSetting()
    with grpc.insecure_channel(address(up), OPTIONS) as channel:
        update = method(channel, "UpdateSettings", "AccountService")
        grant = method(channel, "GrantCredit", "AccountService")
        for user in users:
            who = account.AccountRef(tenant_id=up["tenant_id"], user_id=user)
            limits = account.UpdateSettingsRequest(account=who, daily_limit=none, monthly_limit=none)
            update(limits, timeout=ADMIN_SECS, metadata=metadata)
            credit = account.GrantCreditRequest(
                account=who,
                idempotency_key="bench",
                amount_micros=GRANT_MICROS,
                reason="for a benchmark",
                actor="bench",
            )
            grant(credit, timeout=ADMIN_SECS, metadata=metadata)


def address(up: dict[str, str]) -> str:
    return "dns:///" + up["grpc"].removeprefix("http://").rstrip("/")


def settings(up: dict[str, str]) -> dict[str, Any]:
    return {"core_url": up["grpc"], "token": up["tools_token"], "tenant": up["tenant_id"]}


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a guarded call takes beside its bare requests.")
    parser.add_argument("up", help="a file with the line of `cargo xtask up --json`")
    parser.add_argument("--at-most", type=float, default=1.2, help="the greatest ratio of the medians")
    parser.add_argument("--pairs", type=int, default=12, help="of slices, for each number of calls in flight")
    parser.add_argument("--slice-secs", type=float, default=1.5)
    options = parser.parse_args()
    with open(options.up, encoding="utf-8") as file:
        up: dict[str, str] = json.loads(file.readline())
    run = uuid4().hex[:8]
    users = [f"overhead-python-{run}-{number}" for number in range(max(IN_FLIGHT))]
    fund(up, users)
    results = with_threads(up, users, options)
    results += asyncio.run(with_asyncio(up, users, options))
    ok = all(result["ratio"] <= options.at_most for result in results)
    summary = {
        "bench": "overhead",
        "language": "python",
        "pairs": options.pairs,
        "slice_ms": round(options.slice_secs * 1000),
        "at_most": options.at_most,
        "results": results,
        "ok": ok,
    }
    print(json.dumps(summary))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
