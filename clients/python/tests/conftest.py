from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from core import Core

from billing_client import Billing


@pytest.fixture
def core() -> Iterator[Core]:
    core = Core()
    yield core
    core.stop()


@pytest.fixture
def settings(core: Core) -> dict[str, Any]:
    return {"core_url": core.url, "token": "s3cret", "tenant": "demo"}


@pytest.fixture
def billing(settings: dict[str, Any]) -> Iterator[Billing]:
    with Billing(**settings) as billing:
        yield billing
