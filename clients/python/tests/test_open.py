"""Calls that pass while the core gives no decision, over real gRPC, with threads."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from core import Core, Failing, fails
from shelf import Shelf

from billing_client import Billing, BillingUnavailable, Charged, End
from billing_client._gen.billing.v1 import balance_pb2 as balance

AWAY = Failing(grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN")
KEY_REUSED = Failing(grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")
RELEASED = Failing(grpc.StatusCode.FAILED_PRECONDITION, "HOLD_ENDED", state="RELEASED")
ESTIMATE, ALL = {"amount_micros": 20_000}, {"amount_micros": 40_000}
ASKED: dict[str, Any] = {"user": "oksana", "tool": "search", "estimate": ESTIMATE}
KEYED = {**ASKED, "idempotency_key": "k", "request": "q"}


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {**settings, "decision_deadline": 0.2, "ending_deadline": 0.2, "allow_up_to_micros": 40_000}


def go_away(core: Core) -> None:
    """No decision from now on, and no placement."""
    core.failing["CheckBalance"] = core.failing["PlaceHold"] = fails(AWAY)


def until_kept(core: Core, billing: Billing) -> None:
    core.until(lambda: (billing.calls, billing.backlog) == (0, 1))


def test_calls_pass_up_to_an_amount_while_the_core_gives_no_decision(core: Core, settings: dict[str, Any]) -> None:
    billing = Billing(**settings | {"allow_up_to_micros": 50_000})
    go_away(core)
    with pytest.raises(BillingUnavailable), billing.call(user="oksana", tool="search"):
        raise AssertionError("its cost is not known")
    core.failing.clear()
    with billing.call(user="oksana", tool="search"):
        pass
    go_away(core)
    with billing.call(user="oksana", tool="search"), billing.call(user="oksana", tool="search"):
        with pytest.raises(BillingUnavailable), billing.call(user="oksana", tool="search"):
            raise AssertionError("three times 20,000 is too much")
    core.failing.clear()
    assert billing.close() == 0
    assert len({capture.hold_id for capture in core.asked("CaptureHold")}) == 3
    assert not core.asked("Charge")


def test_an_open_call_is_settled_by_its_own_placement_and_charged_as_reported(core: Core, billing: Billing) -> None:
    go_away(core)
    with billing.call(**KEYED) as call:
        call.report({"amount_micros": 15_000})
    until_kept(core, billing)
    first = core.asked("PlaceHold")[0]
    core.failing.clear()
    assert billing.close() == 0
    assert (first.ttl.seconds, first.cost.amount_micros) == (60, 20_000)
    assert all(place == first for place in core.asked("PlaceHold"))
    [capture] = core.asked("CaptureHold")
    assert (capture.hold_id, capture.cost.amount_micros) == (first.idempotency_key, 15_000)
    assert capture.settle_expired and capture.overage_policy == balance.OVERAGE_POLICY_ALLOW_DEBT
    assert not core.asked("Charge")


def test_an_open_repeat_of_a_call_that_was_captured_is_not_charged_again(core: Core, billing: Billing) -> None:
    for _ in range(2):
        with billing.call(**KEYED):
            pass
        core.until(lambda: billing.calls == 0)
        go_away(core)
    core.failing.clear()
    assert billing.close() == 0
    assert len(core.asked("CaptureHold")) == 1
    assert not core.asked("Charge")


def test_a_repeat_of_an_open_call_is_captured_with_its_hold(core: Core, billing: Billing) -> None:
    go_away(core)
    with billing.call(**KEYED):
        pass
    until_kept(core, billing)
    core.failing.clear()
    with billing.call(**KEYED):
        pass
    assert billing.close() == 0
    assert len({capture.hold_id for capture in core.asked("CaptureHold")}) == 1
    assert not core.asked("Charge")


@pytest.mark.parametrize("refusal", [None, KEY_REUSED])
def test_an_open_call_whose_placement_is_denied_or_refused_is_charged_without_a_hold(
    core: Core, billing: Billing, refusal: Failing | None
) -> None:
    go_away(core)
    with billing.call(**ASKED) as call:
        call.report({"amount_micros": 15_000})
    until_kept(core, billing)
    core.denying = True
    core.failing = {} if refusal is None else {"PlaceHold": fails(refusal)}
    assert billing.close() == 0
    [charge] = core.asked("Charge")
    assert charge.idempotency_key == core.asked("PlaceHold")[0].idempotency_key
    assert (charge.cost.amount_micros, charge.overage_policy) == (15_000, balance.OVERAGE_POLICY_ALLOW_DEBT)
    assert not core.asked("CaptureHold")


def test_a_denied_placement_is_not_sent_again_when_the_answer_to_its_charge_is_lost(
    core: Core, settings: dict[str, Any]
) -> None:
    shelf = Shelf()
    billing = Billing(**settings, store=shelf)
    go_away(core)
    core.failing["Charge"] = fails(AWAY)
    with billing.call(**ASKED):
        pass
    until_kept(core, billing)
    assert [end["denied"] for end in shelf.ends.values()] == [False]
    core.denying = True
    del core.failing["PlaceHold"]
    core.until(lambda: [end["denied"] for end in shelf.ends.values()] == [True])
    placed = len(core.asked("PlaceHold"))
    # There is money again: the placement would be allowed.
    core.denying = False
    core.failing.clear()
    assert billing.close() == 0
    assert len(core.asked("PlaceHold")) == placed
    assert core.asked("Charge") and not core.asked("CaptureHold")
    assert not shelf.ends


def test_an_open_call_whose_hold_was_released_is_charged_late(core: Core, billing: Billing) -> None:
    go_away(core)
    core.failing["CaptureHold"] = fails(RELEASED)
    with billing.call(**ASKED):
        pass
    until_kept(core, billing)
    del core.failing["PlaceHold"]
    assert billing.close() == 0
    [charge] = core.asked("Charge")
    assert charge.idempotency_key == core.asked("PlaceHold")[0].idempotency_key + ":late"


def test_another_process_settles_an_open_call_as_the_first_would_have(core: Core, settings: dict[str, Any]) -> None:
    first, shelf = Shelf(), Shelf()
    billing = Billing(**settings, store=first, hold_ttl=90)
    go_away(core)
    with billing.call(**KEYED):
        pass
    core.until(lambda: bool(first.ends))
    assert billing.close(0.01) == 1
    sent = core.asked("PlaceHold")[0]
    shelf.ends = json.loads(json.dumps(first.ends))
    core.failing.clear()
    with Billing(**settings, store=shelf) as later, later.call(**ASKED | {"user": "petro"}):
        pass
    assert billing.close() == 0
    # The ttl is part of what the core compares.
    assert sent.ttl.seconds == 90
    assert all(place == sent for place in core.asked("PlaceHold") if place.account.user_id == "oksana")
    assert {capture.account.user_id for capture in core.asked("CaptureHold")} == {"oksana", "petro"}
    assert not first.ends and not shelf.ends


def test_an_open_call_that_fails_sends_nothing_and_makes_room(core: Core, billing: Billing) -> None:
    go_away(core)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), billing.call(**ASKED | {"estimate": ALL}):
            raise ZeroDivisionError
    assert (billing.calls, billing.backlog) == (0, 0)
    assert set(core.names()) == {"CheckBalance"}


def test_an_open_call_is_captured_at_once_where_the_core_is_back_and_else_however_it_ends(
    core: Core, billing: Billing
) -> None:
    go_away(core)
    with billing.call(**ASKED | {"estimate": ALL}) as call:
        core.failing.clear()
        assert call.capture({"amount_micros": 15_000}) == Charged(20_000, 980_000)
    go_away(core)
    # The first makes room as soon as it is captured, once.
    with pytest.raises(ZeroDivisionError), billing.call(**ASKED | {"estimate": ALL}) as call:
        with pytest.raises(BillingUnavailable):
            call.capture({"amount_micros": 16_000})
        with pytest.raises(BillingUnavailable), billing.call(**ASKED):
            raise AssertionError
        raise ZeroDivisionError
    core.failing.clear()
    assert billing.close() == 0
    assert [capture.cost.amount_micros for capture in core.asked("CaptureHold")] == [15_000, 16_000]
    assert not core.asked("Charge") and not core.asked("ReleaseHold")


def test_open_repeats_are_kept_as_one_and_make_room_again(core: Core, billing: Billing) -> None:
    go_away(core)
    for _ in range(2):
        with billing.call(**KEYED):
            pass
        until_kept(core, billing)
    core.failing.clear()
    core.until(lambda: billing.backlog == 0)
    assert len(core.asked("CaptureHold")) == 1
    go_away(core)
    with billing.call(**ASKED | {"estimate": ALL}):
        core.failing.clear()


def test_an_open_call_of_an_earlier_process_that_is_lost_makes_no_room(core: Core, settings: dict[str, Any]) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    end = End("charge", "iryna", "search", "k", "", ESTIMATE, trace[3:35], trace, ESTIMATE, 60.0, open_micros=20_000)
    shelf = Shelf(end.record())
    billing = Billing(**settings, backlog_max=0, store=shelf, on_lost=shelf.on_lost)
    go_away(core)
    with pytest.raises(BillingUnavailable), billing.call(**ASKED | {"estimate": {"amount_micros": 40_001}}):
        raise AssertionError
    assert [lost.user for lost, _ in shelf.lost] == ["iryna"]
    assert billing.close() == 0
