"""For FastAPI and Starlette: `Depends(billing_call)`, and answers for refusals that a handler meets."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from billing_client.async_billing import AsyncCall
from billing_client.refusals import Refused


def billing_call(connection: HTTPConnection) -> AsyncCall:
    """The call that BillingMiddleware has let pass. RuntimeError where this request is not guarded."""
    call = connection.scope.get("state", {}).get("billing")
    if not isinstance(call, AsyncCall):
        raise RuntimeError(f"{connection.url.path} is not guarded by BillingMiddleware")
    return call


async def answer_refused(request: Request, refused: Exception) -> Response:
    """A handler of exceptions: the refusal's own status, body and headers."""
    if not isinstance(refused, Refused):
        raise refused
    return Response(refused.body, refused.status, refused.headers)


def answer_refusals(app: Starlette) -> None:
    """Has `app` answer each Refused that one of its handlers lets pass."""
    app.add_exception_handler(Refused, answer_refused)
