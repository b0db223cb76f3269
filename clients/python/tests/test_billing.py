"""The client for threads, over real gRPC."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from core import Core, Failing, fails
from shelf import Shelf

from billing_client import (
    Billing,
    BillingUnavailable,
    CallRepeated,
    Charged,
    HoldEnded,
    KeyReused,
    ReportError,
    Unauthenticated,
)

AWAY = Failing(grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN")
QUANTITIES = {"query_tokens": 3}


def test_a_call_is_checked_placed_and_captured_as_reported(core: Core, billing: Billing) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with billing.call(user="oksana", tool="search", estimate=QUANTITIES, traceparent=trace) as call:
        call.report({"query_tokens": 1})
        call.report({"query_tokens": 0})
        assert call.billed
    assert billing.close() == 0
    assert core.names() == ["CheckBalance", "PlaceHold", "CaptureHold"]
    _, place, capture = (request for _, request in core.requests)
    assert (place.account.tenant_id, place.account.user_id) == ("demo", "oksana")
    assert (place.ttl.seconds, place.request_id) == (60, "0af7651916cd43dd8448eb211c80319c")
    assert place.cost.tool.quantities == {"query_tokens": 3}
    assert capture.settle_expired and capture.cost.tool.quantities == {"query_tokens": 0}
    assert all(sent["authorization"] == "Bearer s3cret" for sent in core.metadata)
    assert all(sent["traceparent"] == trace for sent in core.metadata)
    assert [left > 4 for left in core.deadlines] == [False, False, True]


def test_a_block_that_raises_is_released_and_a_report_that_is_wrong_is_its_error(core: Core, billing: Billing) -> None:
    with pytest.raises(ReportError, match="^search: "):
        with billing.call(user="oksana", tool="search", estimate=QUANTITIES) as call:
            call.report({"query_tokens": -1})
    with billing.call(user="oksana", tool="search") as call:
        call.report({})
        call.release()
    billing.close()
    assert core.names().count("ReleaseHold") == 2
    assert not core.asked("CaptureHold")


def test_a_capture_answers_and_nothing_after_it_changes_it(core: Core, billing: Billing) -> None:
    with pytest.raises(ZeroDivisionError):
        with billing.call(user="oksana", tool="search") as call:
            assert call.capture({}) == Charged(20_000, 980_000)
            assert call.capture({"query_tokens": 5}) == Charged(20_000, 980_000)
            raise ZeroDivisionError
    billing.close()
    assert core.names() == ["CheckBalance", "PlaceHold", "CaptureHold"]


def test_nobody_is_refused_or_passes_unbilled(core: Core, settings: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated), Billing(**settings).call(user=None, tool="search"):
        raise AssertionError
    with Billing(**settings, without_user="pass").call(user=None, tool="search") as call:
        assert not call.billed
        call.report({})
        assert call.capture({}) is None
    assert core.requests == []


@pytest.mark.parametrize(
    ("error", "refused", "asked"),
    [
        (Failing(grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED"), KeyReused, 1),
        (Failing(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"), BillingUnavailable, 1),
        (Failing(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED"), BillingUnavailable, 1),
        (Failing(grpc.StatusCode.INTERNAL, "INTERNAL"), BillingUnavailable, 1),
        (AWAY, BillingUnavailable, 3),
        (Failing(grpc.StatusCode.CANCELLED), BillingUnavailable, 3),
        (Failing(grpc.StatusCode.INTERNAL), BillingUnavailable, 3),
        (Failing(grpc.StatusCode.UNKNOWN), BillingUnavailable, 3),
    ],
)
def test_only_what_may_be_answered_is_sent_again_and_no_error_is_a_yes(
    core: Core, settings: dict[str, Any], error: Failing, refused: type[Exception], asked: int
) -> None:
    core.failing["PlaceHold"] = fails(error)
    # Pauses of at most 250 ms together: 25, 50 and 100 ms fit, each by a half at least.
    billing = Billing(**settings, decision_deadline=0.5)
    with pytest.raises(refused), billing.call(user="oksana", tool="search", idempotency_key="k"):
        raise AssertionError
    sent = len(core.asked("PlaceHold"))
    assert sent == 1 if asked == 1 else sent >= asked
    assert billing.calls == 0


def test_a_repeat_works_again_or_is_refused(core: Core, settings: dict[str, Any]) -> None:
    billing = Billing(**settings)
    for _ in range(2):
        with billing.call(user="oksana", tool="search", idempotency_key="k", request="q") as call:
            call.capture({})
    with pytest.raises(CallRepeated):
        with Billing(**settings, repeats="refuse").call(user="oksana", tool="search", idempotency_key="k", request="q"):
            raise AssertionError
    with pytest.raises(ZeroDivisionError), billing.call(user="oksana", tool="search", idempotency_key="k2"):
        raise ZeroDivisionError
    core.until(lambda: "ReleaseHold" in core.names())
    assert "CheckBalance" not in core.names()
    with pytest.raises(HoldEnded), billing.call(user="oksana", tool="search", idempotency_key="k2"):
        raise AssertionError
    billing.close()


def test_a_hold_lives_as_long_as_its_handler(core: Core, settings: dict[str, Any]) -> None:
    with Billing(**settings, hold_ttl=1).call(user="oksana", tool="search"):
        core.until(lambda: core.names().count("ExtendHold") == 2)
    core.until(lambda: "CaptureHold" in core.names())
    assert core.asked("ExtendHold")[0].ttl.seconds == 1


def test_the_hold_of_a_repeat_is_extended_at_once_however_soon_its_time_comes(
    core: Core, billing: Billing, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = billing._background.at

    def sooner(delay_secs: float, run: Callable[[], None], flow: bool = False) -> Any:
        """A delay of 0 is over before this returns."""
        if not delay_secs:
            run()
        return at(delay_secs or 60.0, run, flow)

    with billing.call(user="oksana", tool="search", idempotency_key="k"):
        monkeypatch.setattr(billing._background, "at", sooner)
        with billing.call(user="oksana", tool="search", idempotency_key="k"):
            core.until(lambda: "ExtendHold" in core.names())


def test_a_call_is_entered_once_so_that_one_admission_is_one_call(core: Core, billing: Billing) -> None:
    call = billing.call(user="oksana", tool="search")
    with pytest.raises(RuntimeError, match="within its block"):
        call.capture({})
    with call:
        pass
    with pytest.raises(RuntimeError, match="entered once"), call:
        raise AssertionError
    assert billing.close() == 0
    assert core.names() == ["CheckBalance", "PlaceHold", "CaptureHold"]


def test_an_end_that_is_not_delivered_is_kept_and_sent_until_it_is_answered(
    core: Core, settings: dict[str, Any]
) -> None:
    shelf = Shelf()
    saved = threading.Event()
    save = shelf.save
    shelf.save = lambda id, end: (save(id, end), saved.set())[0]  # type: ignore[method-assign]
    billing = Billing(**settings, ending_deadline=0.2, store=shelf)
    core.failing["CaptureHold"] = fails(AWAY)
    with billing.call(user="oksana", tool="search"):
        pass
    assert saved.wait(10)
    assert (billing.calls, billing.backlog, len(shelf.ends)) == (0, 1, 1)
    assert billing.close(0.1) == 1
    [record] = shelf.ends.values()
    core.failing.clear()
    # Another process, with the same store.
    with Billing(**settings, store=Shelf(record)) as later:
        with later.call(user="petro", tool="search"):
            pass
    assert {request.account.user_id for request in core.asked("CaptureHold")} == {"oksana", "petro"}
    assert billing.close() == 0
    assert not shelf.ends


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED])
def test_an_end_whose_token_is_refused_is_kept_for_a_valid_one(
    core: Core, settings: dict[str, Any], code: grpc.StatusCode
) -> None:
    billing = Billing(**settings, ending_deadline=0.2)
    core.failing["CaptureHold"] = fails(Failing(code, "SERVICE_TOKEN_REQUIRED"))
    with billing.call(user="oksana", tool="search"):
        pass
    core.until(lambda: (billing.calls, billing.backlog) == (0, 1))
    core.failing.clear()
    assert billing.close() == 0
    assert len(core.asked("CaptureHold")) > 1


def test_a_store_that_cannot_be_read_stops_no_call(
    core: Core, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> Iterator[dict[str, Any]]:
        yield {}
        raise OSError("the disk is gone")

    shelf = Shelf()
    shelf.load = load  # type: ignore[method-assign,assignment]
    with Billing(**settings, store=shelf) as billing, billing.call(user="oksana", tool="search"):
        pass
    assert core.asked("CaptureHold")
    assert "the disk is gone" in caplog.text


def test_a_store_is_not_asked_to_remove_an_end_that_it_never_had(core: Core, settings: dict[str, Any]) -> None:
    shelf = Shelf()
    removed: list[str] = []
    shelf.remove = removed.append  # type: ignore[method-assign]
    billing = Billing(**settings, ending_deadline=0.2, backlog_max=0, store=shelf, on_lost=shelf.on_lost)
    core.failing["CaptureHold"] = fails(AWAY)
    with billing.call(user="oksana", tool="search"):
        pass
    core.until(lambda: billing.calls == 0)
    assert [end.user for end, _ in shelf.lost] == ["oksana"]
    assert not removed


def test_an_end_that_is_refused_or_has_no_room_is_lost_aloud(
    core: Core, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf()
    billing = Billing(**settings, ending_deadline=0.2, backlog_max=1, on_lost=shelf.on_lost)
    core.failing["CaptureHold"] = fails(Failing(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"))
    with billing.call(user="oksana", tool="search"):
        pass
    core.until(lambda: bool(shelf.lost))
    core.failing["CaptureHold"] = core.failing["ReleaseHold"] = fails(AWAY)
    with pytest.raises(ZeroDivisionError), billing.call(user="iryna", tool="search"):
        raise ZeroDivisionError
    core.until(lambda: billing.backlog == 1)
    with billing.call(user="petro", tool="search"):
        pass
    # The capture takes the place of the release.
    core.until(lambda: len(shelf.lost) == 2)
    assert [(end.user, end.kind) for end, _ in shelf.lost] == [("oksana", "capture"), ("iryna", "release")]
    assert [record for record in caplog.records if "search" in record.message and "demo/oksana" in record.message]
    core.failing.clear()
    assert billing.close() == 0


def test_a_hold_that_is_lost_is_charged_late(core: Core, billing: Billing) -> None:
    core.failing["CaptureHold"] = fails(Failing(grpc.StatusCode.FAILED_PRECONDITION, "HOLD_ENDED", state="RELEASED"))
    with billing.call(user="oksana", tool="search", estimate=QUANTITIES) as call:
        assert call.capture({"query_tokens": 5}) == Charged(20_000, 980_000)
    [late] = core.asked("Charge")
    assert late.idempotency_key == core.asked("PlaceHold")[0].idempotency_key + ":late"
    assert late.cost.tool.quantities == {"query_tokens": 5}


def test_a_repeat_that_took_another_amount_is_not_charged_again(core: Core, billing: Billing) -> None:
    core.failing["CaptureHold"] = fails(Failing(grpc.StatusCode.FAILED_PRECONDITION, "HOLD_ENDED", state="CAPTURED"))
    with billing.call(user="oksana", tool="search", idempotency_key="k") as call:
        assert call.capture({"query_tokens": 5}) == Charged(0, 980_000)
    assert core.names() == ["PlaceHold", "CaptureHold", "GetBalance"]


def test_close_takes_no_new_calls_and_waits_for_those_under_way(core: Core, billing: Billing) -> None:
    with billing.call(user="oksana", tool="search"):
        assert billing.close(0.01) == 1
        with pytest.raises(BillingUnavailable), billing.call(user="oksana", tool="search"):
            raise AssertionError
    assert billing.close() == 0
    assert core.names().count("CaptureHold") == 1


def test_a_decorated_function_is_guarded_and_shows_no_call(core: Core, billing: Billing) -> None:
    import inspect

    @billing.guarded(user=lambda user, query="": user, estimate=lambda user, query="": {"query_tokens": len(query)})
    def search(user: str, query: str = "", *, call: Any) -> str:
        call.report({"query_tokens": 1})
        return f"{query} for {user}"

    assert search("oksana", query="law") == "law for oksana"
    assert list(inspect.signature(search).parameters) == ["user", "query"]
    billing.close()
    assert core.asked("PlaceHold")[0].cost.tool.name == "search"
    assert core.asked("CaptureHold")[0].cost.tool.quantities == {"query_tokens": 1}
    with pytest.raises(TypeError):
        billing.guarded(user="oksana")(lambda: (yield))  # type: ignore[arg-type,misc]
