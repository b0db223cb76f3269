"""The threads beside the calls of threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from billing_client import Settings
from billing_client._background import _SENDERS_MAX, Background
from billing_client._flow import Flow
from billing_client._rpc import Hook
from billing_client._transport import Transport


@pytest.fixture
def background() -> Iterator[Background]:
    settings: dict[str, Any] = {"core_url": "http://127.0.0.1:1", "token": "s3cret", "tenant": "demo"}
    background = Background(Transport(Settings(**settings)), logging.getLogger("billing_client"))
    yield background
    background.stop()


def nothing() -> None:
    """Runs, and that is all."""


def meets(barrier: threading.Barrier) -> Flow[None]:
    yield Hook(barrier.wait, (10,))


def test_as_many_flows_as_may_be_are_under_way_at_once_however_busy_it_was_before(background: Background) -> None:
    def busy(_number: int) -> None:
        for _ in range(200):
            background.run(meets(threading.Barrier(1)))
            background.cancel(background.at(0.0, nothing))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(busy, range(4)))
    # Broken, where one of them has no thread.
    barrier = threading.Barrier(_SENDERS_MAX + 1)
    for _ in range(_SENDERS_MAX):
        background.run(meets(barrier))
    barrier.wait(10)


def test_a_pause_is_short_also_where_it_begins_after_hurry(background: Background) -> None:
    background.hurry()
    soon, later = background.at(30.0, nothing, flow=True), background.at(30.0, nothing)
    assert soon.due - time.monotonic() <= 0.5
    assert later.due - time.monotonic() > 20
