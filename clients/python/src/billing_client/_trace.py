"""W3C Trace Context, level 1. `tracestate` is not carried, as the standard allows."""

from __future__ import annotations

import os
import re

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)


def trace(sent: str | None) -> tuple[str, str]:
    """The `traceparent` to send on and its trace id: the caller's where it is valid, else new ones."""
    if sent is not None:
        found = _TRACEPARENT.fullmatch(sent)
        if found is not None:
            version, trace_id, span_id, flags, more = found.groups()
            valid = version != "ff" and (version != "00" or more is None)
            if valid and trace_id.strip("0") and span_id.strip("0"):
                return f"00-{trace_id}-{span_id}-{int(flags, 16) & 1:02x}", trace_id
    ids = os.urandom(24).hex()
    trace_id, span_id = ids[:32], ids[32:]
    if not trace_id.strip("0") or not span_id.strip("0"):
        return trace(None)
    return f"00-{trace_id}-{span_id}-00", trace_id
