"""Every refusal that a caller meets: its status, its exact body, its headers."""

from __future__ import annotations

import json


def body(error: str, message: str, code: str, more: str = "") -> bytes:
    """The JSON of a refusal; `more` is JSON of further members, with a comma before."""
    members = {"error": error, "message": message, "code": code}
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    return f"{text[:-1]}{more}}}".encode()


class Refused(Exception):
    """The call is not made. `status`, `body` (JSON, as it is sent) and `headers` are the answer.

    `Refused(404, "UNKNOWN_TOOL", "Unknown tool", "There is no such tool.")` is one of a backend's own.
    """

    status: int = 503
    code: str = ""
    error: str = ""
    message: str = ""

    def __init__(self, status: int | None = None, code: str = "", error: str = "", message: str = "") -> None:
        if status is not None:
            self.status, self.code, self.error, self.message = status, code, error, message
        super().__init__(f"{self.status} {self.code}: {self.message}")
        self.body: bytes = body(self.error, self.message, self.code)
        self.headers: dict[str, str] = {"content-type": "application/json"}


class BillingUnavailable(Refused):
    """Nobody can tell whether the call may be made, so it may not: fail closed. The log says why."""

    status = 503
    code = "BILLING_UNAVAILABLE"
    error = "Billing unavailable"
    message = "Billing cannot be reached, so the call was not made. Try again soon."


class KeyReused(Refused):
    """The caller's Idempotency-Key belongs to another call."""

    status = 409
    code = "IDEMPOTENCY_KEY_REUSED"
    error = "Key already used"
    message = "This Idempotency-Key was used for another call."


class HoldEnded(Refused):
    """The call of this key was released, or its hold has expired."""

    status = 409
    code = "HOLD_ENDED"
    error = "Call has ended"
    message = "This call has ended. Sent with a new Idempotency-Key, it is another call."


class CallRepeated(Refused):
    """The call of this key was charged before, and `repeats` is `refuse`."""

    status = 409
    code = "CALL_REPEATED"
    error = "Call repeated"
    message = "This call was made and charged before."


class Unauthenticated(Refused):
    """Nobody calls, and `without_user` is `refuse`."""

    status = 401
    code = "UNAUTHENTICATED"
    error = "Unauthorized"
    message = "Send a valid bearer token or API key."

    def __init__(self) -> None:
        super().__init__()
        self.headers["www-authenticate"] = "Bearer"


class InvalidRequest(Refused):
    """The Idempotency-Key is not valid; or, of a backend's own, whatever `message` says."""

    status = 400
    code = "INVALID_REQUEST"
    error = "Invalid request"
    message = "Idempotency-Key must be sent once, with 1 to 255 bytes"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.message
        super().__init__()


class RequestTooLarge(Refused):
    """A request with an Idempotency-Key whose body is larger than the middleware hashes."""

    status = 413
    code = "INVALID_REQUEST"
    error = "Invalid request"
    message = "The body is too large"


class Denied(Refused):
    """The core's decision: too little money, a limit, a suspended account, a tool without a price."""

    def __init__(
        self,
        status: int,
        code: str,
        error: str,
        message: str,
        more: str = "",
        retry_after_secs: int | None = None,
    ) -> None:
        self.status, self.code, self.error, self.message = status, code, error, message
        super().__init__()
        self.body = body(error, message, code, more)
        if retry_after_secs is not None:
            self.headers["retry-after"] = str(retry_after_secs)


class ReportError(ValueError):
    """A report or an estimate that is not exact: anything but integers from 0 to 2^63 - 1."""
