"""The middleware under FastAPI and Starlette, with requests that go through ASGI as a server's do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from core import Core
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from billing_client import AsyncBilling, AsyncCall, BillingMiddleware, GuardedRequest, KeyReused
from billing_client.fastapi import answer_refusals, billing_call

TOOLS = "/api/tools/"


async def estimate(request: GuardedRequest) -> Any:
    return {"query_tokens": len((await request.json())["query"])}


def app(billing: AsyncBilling) -> FastAPI:
    made = FastAPI()
    answer_refusals(made)
    made.add_middleware(
        BillingMiddleware,
        billing=billing,
        only=TOOLS,
        tool=lambda request: request.path.removeprefix(TOOLS),
        user=lambda request: request.header("x-user"),
        estimate=estimate,
    )

    @made.post(TOOLS + "search")
    async def search(request: Request, call: AsyncCall = Depends(billing_call)) -> dict[str, Any]:
        assert request.state.billing is call
        call.report({"query_tokens": 1})
        return await request.json()  # type: ignore[no-any-return]

    @made.post(TOOLS + "stream")
    async def stream(call: AsyncCall = Depends(billing_call)) -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for part in "abc":
                yield part
            call.report({"query_tokens": 3})

        return StreamingResponse(parts())

    @made.post(TOOLS + "teapot")
    async def teapot() -> JSONResponse:
        return JSONResponse({}, 418)

    @made.post(TOOLS + "fails")
    async def fails() -> None:
        raise ZeroDivisionError

    @made.post(TOOLS + "refused")
    async def refused() -> None:
        raise KeyReused

    @made.get("/free")
    async def free(call: AsyncCall = Depends(billing_call)) -> None:
        raise AssertionError("no request without a call comes here")

    return made


def post(settings: dict[str, Any], tool: str, **more: Any) -> httpx.Response:
    async def main() -> httpx.Response:
        async with AsyncBilling(**settings) as billing:
            transport = httpx.ASGITransport(app(billing), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                given: dict[str, Any] = {"json": {"query": "land law"}, "headers": {"x-user": "oksana"}}
                return await client.post(TOOLS + tool, **(given | more))

    return asyncio.run(main())


def test_a_request_is_held_by_its_body_and_charged_by_its_report(core: Core, settings: dict[str, Any]) -> None:
    answer = post(settings, "search")
    assert (answer.status_code, answer.json()) == (200, {"query": "land law"})
    assert core.asked("PlaceHold")[0].cost.tool.quantities == {"query_tokens": 8}
    assert core.asked("CaptureHold")[0].cost.tool.quantities == {"query_tokens": 1}


def test_a_stream_may_report_after_its_last_part(core: Core, settings: dict[str, Any]) -> None:
    assert post(settings, "stream").text == "abc"
    assert core.asked("CaptureHold")[0].cost.tool.quantities == {"query_tokens": 3}


@pytest.mark.parametrize(("tool", "status"), [("teapot", 418), ("fails", 500), ("refused", 409), ("unknown", 404)])
def test_an_answer_that_is_an_error_releases(core: Core, settings: dict[str, Any], tool: str, status: int) -> None:
    answer = post(settings, tool)
    assert answer.status_code == status
    if tool == "refused":
        assert answer.content == KeyReused().body
    assert core.names() == ["CheckBalance", "PlaceHold", "ReleaseHold"]


def test_nobody_is_refused_and_a_key_must_be_sent_once(core: Core, settings: dict[str, Any]) -> None:
    answer = post(settings, "search", headers={})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    twice = [("x-user", "oksana"), ("idempotency-key", "a"), ("idempotency-key", "b")]
    answer = post(settings, "search", headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert core.requests == []


def test_a_body_that_no_estimate_can_be_made_of_is_a_400(core: Core, settings: dict[str, Any]) -> None:
    answer = post(settings, "search", json=None, content=b"{")
    assert (answer.status_code, answer.json()["message"]) == (400, "The body must be JSON")
    assert core.requests == []


def test_a_key_pays_for_one_body_only(core: Core, settings: dict[str, Any]) -> None:
    headers = {"x-user": "oksana", "idempotency-key": "k"}
    for query in ("land law", "land law", "tax laws"):
        assert post(settings, "search", headers=headers, json={"query": query}).json() == {"query": query}
    first, again, other = (request.idempotency_key for request in core.asked("PlaceHold"))
    assert first == again != other


def test_a_caller_that_has_gone_before_the_last_part_is_released(core: Core, settings: dict[str, Any]) -> None:
    async def main() -> None:
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": b'{"query": "q"}', "more_body": False},
            {"type": "http.disconnect"},
        ]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(_message: Any) -> None:
            """As uvicorn, it says nothing of a caller that has gone."""

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "method": "POST",
            "path": TOOLS + "search",
            "query_string": b"",
            "headers": [(b"x-user", b"oksana"), (b"content-type", b"application/json")],
        }
        async with AsyncBilling(**settings) as billing:
            await app(billing)(scope, receive, send)

    asyncio.run(main())
    assert core.names() == ["CheckBalance", "PlaceHold", "ReleaseHold"]


def test_a_route_that_is_not_guarded_has_no_call(settings: dict[str, Any]) -> None:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app(AsyncBilling(**settings)), raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.get("/free")

    with pytest.raises(RuntimeError, match="not guarded"):
        asyncio.run(main())
