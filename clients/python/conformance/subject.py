"""The program that the conformance suite drives: one guarded route, and a look at the client's state.

    SUBJECT_FRAMEWORK=fastapi|threads SUBJECT_OPTIONS='{"hold_ttl_ms": 1000}' python conformance/subject.py

It prints one line, `{"port": …}`; the rest goes to stderr. It uses only the package's public API.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from typing import Any

from billing_client import Charged, SettingsError

TOOLS = "/api/tools/"

# Options in milliseconds are settings in seconds.
_MILLISECONDS = {"hold_ttl_ms": "hold_ttl", "decision_deadline_ms": "decision_deadline"}
_MILLISECONDS |= {"ending_deadline_ms": "ending_deadline"}


class Lines(logging.Handler):
    """Keeps what the package logs, for `GET /state`."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        level = {"WARNING": "warn", "ERROR": "error", "CRITICAL": "error"}.get(record.levelname, "info")
        self.lines.append({"level": level, "message": record.getMessage()})


LINES = Lines()


def logger() -> logging.Logger:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    own = logging.getLogger("subject")
    own.addHandler(LINES)
    return own


def settings() -> dict[str, Any]:
    given = json.loads(os.environ.get("SUBJECT_OPTIONS") or "{}")
    return {
        _MILLISECONDS.get(name, name): value / 1000 if name in _MILLISECONDS else value
        for name, value in given.items()
    }


def state(billing: Any) -> dict[str, Any]:
    return {"backlog": billing.backlog, "calls": billing.calls, "log": LINES.lines}


def done(billed: bool, charged: Charged | None) -> dict[str, Any]:
    billing = None
    if charged is not None:
        billing = {"charged_micros": str(charged.charged_micros), "balance_micros": str(charged.balance_micros)}
    return {"result": "done", "billed": billed, "billing": billing}


def announce(port: int) -> None:
    print(json.dumps({"port": port}), flush=True)


def main() -> None:
    framework = os.environ.get("SUBJECT_FRAMEWORK") or "fastapi"
    try:
        if framework == "threads":
            import threads_subject as subject
        elif framework == "fastapi":
            import fastapi_subject as subject
        else:
            sys.exit(f"SUBJECT_FRAMEWORK {framework} is not known: fastapi or threads")
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        subject.serve(settings(), logger())
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    sys.modules["subject"] = sys.modules["__main__"]
    main()
