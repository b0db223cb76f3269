"""The subject with FastAPI on uvicorn, guarded by the middleware."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from subject import TOOLS, announce, done, state

from billing_client import AsyncBilling, AsyncCall, BillingMiddleware, GuardedRequest
from billing_client.fastapi import answer_refusals, billing_call

THE_CALL = Depends(billing_call)


async def estimate(request: GuardedRequest) -> Any:
    return (await request.json()).get("estimate")


async def failed(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 500)


def app(billing: AsyncBilling) -> FastAPI:
    made = FastAPI()
    answer_refusals(made)
    made.add_exception_handler(Exception, failed)
    made.add_middleware(
        BillingMiddleware,
        billing=billing,
        only=TOOLS,
        tool=lambda request: request.path.removeprefix(TOOLS),
        user=lambda request: request.header("x-user"),
        estimate=estimate,
    )

    @made.post(TOOLS + "{tool}")
    async def use(tool: str, request: Request, call: AsyncCall = THE_CALL) -> JSONResponse:
        charged = None
        for step in (await request.json()).get("do", []):
            if "report" in step:
                call.report(step["report"])
            elif "capture" in step:
                charged = await call.capture(step["capture"])
            elif "wait_ms" in step:
                await asyncio.sleep(step["wait_ms"] / 1000)
            elif "throw" in step:
                raise RuntimeError(step["throw"])
            elif "status" in step:
                return JSONResponse({"result": "status"}, step["status"])
        return JSONResponse(done(call.billed, charged))

    @made.get("/state")
    async def look() -> JSONResponse:
        return JSONResponse(state(billing))

    @made.post("/close")
    async def close(request: Request) -> JSONResponse:
        return JSONResponse({"left": await billing.close((await request.json())["within_ms"] / 1000)})

    return made


def serve(settings: dict[str, Any], logger: logging.Logger) -> None:
    billing = AsyncBilling(logger=logger, **settings)
    listener = socket.create_server(("127.0.0.1", 0))
    announce(listener.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app(billing), log_level="warning"))
    # SIGTERM ends the program at once, whatever is under way.
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    server.handle_exit = lambda *_: os._exit(0)  # type: ignore[method-assign,assignment]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.run([listener])
