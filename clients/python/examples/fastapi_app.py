"""A tool backend that bills its calls. pip install 'billing-client[fastapi]' uvicorn pyjwt; python fastapi_app.py

BILLING_CORE_URL, BILLING_TOOLS_TOKEN and BILLING_TENANT say where and for whom; JWT_SECRET is that of the users'
tokens; services call by one of API_KEYS, and are not billed; PORT is 3000.
"""

import hmac
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import jwt
import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from billing_client import AsyncBilling, AsyncCall, BillingMiddleware, GuardedRequest
from billing_client import InvalidRequest, Refused, Unauthenticated
from billing_client.fastapi import answer_refusals, billing_call

JWT_SECRET, PORT = os.environ["JWT_SECRET"], int(os.environ.get("PORT") or 3000)
API_KEYS = [key.encode() for key in os.environ.get("API_KEYS", "").split(",") if key]
PATH, TOOLS, BUDGETS = "/api/tools/", ("search", "summarize", "translate"), ("quick", "standard", "deep")


class Question(BaseModel):
    query: str
    budget: Literal["quick", "standard", "deep"] = "standard"


def payer(request: GuardedRequest) -> str | None:
    """A user, by the claim `userId` of a JWT; None where a service calls by its key. Others are refused."""
    scheme, _, bearer = (request.header("authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and any([hmac.compare_digest(key, bearer.encode()) for key in API_KEYS]):
        return None
    try:
        claims = jwt.decode(bearer, JWT_SECRET, ["HS256"], {"require": ["exp", "userId"]})
    except jwt.InvalidTokenError:
        raise Unauthenticated from None
    if scheme.lower() != "bearer" or not isinstance(claims["userId"], str):
        raise Unauthenticated
    return claims["userId"]


def usage(tool: str, tokens: int, budget: str) -> dict[str, int]:
    """Exactly the units of the tool's price."""
    chosen = {f"budget_{each}": int(each == budget) for each in BUDGETS}
    return {"query_tokens": tokens} | chosen if tool == "summarize" else {}


def tool_of(request: GuardedRequest) -> str:
    return request.path.removeprefix(PATH)


async def estimate(request: GuardedRequest) -> dict[str, int]:
    if (tool := tool_of(request)) not in TOOLS:
        raise Refused(404, "UNKNOWN_TOOL", "Unknown tool", "There is no such tool.")
    try:
        question = Question.model_validate_json(await request.body())
    except ValidationError:
        raise InvalidRequest("query must be text, and budget quick, standard or deep") from None
    return usage(tool, (len(question.query) + 3) // 4, question.budget)  # Four characters are about a token.


def work(tool: str, query: str) -> str:
    """The work, which is only pretended."""
    if tool == "search":
        return f"A ruling on {query}"
    if tool == "summarize":
        return " ".join(query.split()[:6])
    if not any(character.isalpha() for character in query):
        raise ValueError("there is nothing to translate")
    return query.upper()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await billing.close()


billing = AsyncBilling(without_user="pass")
app = FastAPI(lifespan=lifespan)
answer_refusals(app)
app.add_middleware(BillingMiddleware, billing=billing, only=PATH, tool=tool_of, user=payer, estimate=estimate)


@app.post(PATH + "{tool}")
async def answer(tool: str, question: Question, call: Annotated[AsyncCall, Depends(billing_call)]) -> dict[str, Any]:
    result = work(tool, question.query)
    call.report(usage(tool, len(question.query.split()), question.budget))
    return {"result": result, "billed": call.billed}


@app.exception_handler(Exception)
async def failed(_request: Request, _error: Exception) -> JSONResponse:  # The hold is released.
    message = "The tool failed; nothing was charged."
    return JSONResponse({"error": "Tool failed", "message": message, "code": "TOOL_FAILED"}, 500)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", PORT))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])
