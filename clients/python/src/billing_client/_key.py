"""The key under which the core knows a call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from hashlib import sha256

from billing_client.refusals import InvalidRequest

_KEY_BYTES = 255


def fresh() -> str:
    """A key that nobody has used."""
    return f"tool-call:{uuid.uuid4()}"


def callers(
    sent: str | bytes,
    tool: str,
    request: str | bytes | None,
    estimate: Mapping[str, int] | None = None,
) -> str:
    """The caller's key together with what it asks for, so that one paid question buys no other.

    `request` None: the estimate stands for it. InvalidRequest unless `sent` has 1 to 255 bytes.
    """
    key = sent.encode() if isinstance(sent, str) else sent
    if not 1 <= len(key) <= _KEY_BYTES:
        raise InvalidRequest
    if request is None:
        request = json.dumps(estimate or {}, sort_keys=True)
    asked = request.encode() if isinstance(request, str) else request
    hashed = sha256()
    for part in (key, tool.encode(), asked):
        # With its length in front, so that no part runs into the next.
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return f"tool-call:{hashed.hexdigest()}"
