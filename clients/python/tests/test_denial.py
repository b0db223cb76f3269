"""The bodies are those of examples/tool-backend, byte for byte."""

import json
from typing import Any

import pytest

from billing_client import BillingUnavailable, CallRepeated, HoldEnded, InvalidRequest, KeyReused, Refused
from billing_client import Unauthenticated
from billing_client._gen.billing.v1 import account_pb2 as account
from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client.denial import Unclear, denial


def answer(decision: int, **more: Any) -> balance.CheckBalanceResponse:
    daily: dict[str, Any] = {"period": account.LIMIT_PERIOD_DAY, "limit_micros": 10_000_000, "used_micros": 9_999_999}
    monthly: dict[str, Any] = {"period": account.LIMIT_PERIOD_MONTH, "used_micros": 42_000_000}
    fields: dict[str, Any] = {
        "decision": decision,
        "required_micros": 500_000,
        "balance": {"available_micros": 250_000},
        "shortfall_micros": 250_000,
        "limits": [
            {**daily, "resets_at": {"seconds": 1_795_305_600}},
            {**monthly, "resets_at": {"seconds": 1_796_083_200}},
        ],
        "retry_after": {"seconds": 59, "nanos": 1},
    }
    return balance.CheckBalanceResponse(**(fields | more))


def sent(given: balance.CheckBalanceResponse, unpriced: int = 503) -> tuple[int, str | None, str]:
    denied = denial(given, None, unpriced)
    assert denied is not None
    assert denied.headers["content-type"] == "application/json"
    return denied.status, denied.headers.get("retry-after"), denied.body.decode()


def test_too_little_money_is_a_402() -> None:
    body = (
        '{"error":"Insufficient balance","message":"Required: $0.50, Available: $0.25",'
        '"code":"INSUFFICIENT_BALANCE",'
        '"balance":{"current_usd":0.25,"required_usd":0.5,"shortfall_usd":0.25},'
        '"topup_url":"https://billing.example/topup"}'
    )
    url = "https://billing.example/topup"
    assert sent(answer(balance.DECISION_INSUFFICIENT_BALANCE, topup_url=url)) == (402, None, body)


def test_the_address_to_top_up_at_is_the_tenants_or_else_our_own_or_null() -> None:
    poor = answer(balance.DECISION_INSUFFICIENT_BALANCE)
    for ours, url in [("https://ours.test", "https://ours.test"), (None, None)]:
        denied = denial(poor, ours, 503)
        assert denied is not None and json.loads(denied.body)["topup_url"] == url
    denied = denial(answer(poor.decision, topup_url="https://tenant.test"), "https://ours.test", 503)
    assert denied is not None and json.loads(denied.body)["topup_url"] == "https://tenant.test"


def test_a_limit_is_a_429_with_the_time_to_wait_rounded_up() -> None:
    limits = (
        '"limits":{"daily_limit_usd":10,"daily_spent_usd":9.999999,"monthly_limit_usd":null,"monthly_spent_usd":42},'
    )
    day = (
        '{"error":"Daily limit exceeded","message":"Limit: $10.00, Spent: $9.999999",'
        f'"code":"DAILY_LIMIT_EXCEEDED",{limits}"reset_at":"2026-11-22T00:00:00Z"}}'
    )
    assert sent(answer(balance.DECISION_DAILY_LIMIT_EXCEEDED)) == (429, "60", day)
    month = (
        '{"error":"Monthly limit exceeded","message":"Limit: none, Spent: $42.00",'
        f'"code":"MONTHLY_LIMIT_EXCEEDED",{limits}"reset_at":"2026-12-01T00:00:00Z"}}'
    )
    assert sent(answer(balance.DECISION_MONTHLY_LIMIT_EXCEEDED)) == (429, "60", month)


def test_a_cost_above_a_whole_limit_has_no_time_to_come_back() -> None:
    above = answer(balance.DECISION_DAILY_LIMIT_EXCEEDED, required_micros=20_000_000, above_limit=True)
    body = (
        '{"error":"Cost above limit","message":"Required: $20.00, Daily: $10.00, Monthly: none",'
        '"code":"COST_ABOVE_LIMIT"}'
    )
    assert sent(above) == (403, None, body)
    above.above_limit = False
    above.ClearField("retry_after")
    with pytest.raises(Unclear):
        denial(above, None, 503)


def test_the_suspended_and_the_unpriced_have_a_body_of_three_members() -> None:
    body = '{"error":"Account suspended","message":"This account is suspended.","code":"ACCOUNT_SUSPENDED"}'
    assert sent(answer(balance.DECISION_ACCOUNT_SUSPENDED)) == (403, None, body)
    body = (
        '{"error":"Tool not priced","message":"This tool has no price yet and cannot be used.",'
        '"code":"TOOL_NOT_PRICED"}'
    )
    for status in (503, 402):
        assert sent(answer(balance.DECISION_TOOL_NOT_PRICED), status) == (status, None, body)


def test_a_decision_that_is_not_known_is_not_taken_for_a_yes() -> None:
    assert denial(answer(balance.DECISION_ALLOWED), None, 503) is None
    for decision in (balance.DECISION_UNSPECIFIED, 99):
        with pytest.raises(Unclear):
            denial(answer(decision), None, 503)


def test_the_other_refusals_have_a_status_and_a_body_of_their_own() -> None:
    unavailable = BillingUnavailable()
    assert unavailable.status == 503
    assert unavailable.body.decode() == (
        '{"error":"Billing unavailable",'
        '"message":"Billing cannot be reached, so the call was not made. Try again soon.",'
        '"code":"BILLING_UNAVAILABLE"}'
    )
    for refused, status, code in [
        (KeyReused(), 409, "IDEMPOTENCY_KEY_REUSED"),
        (HoldEnded(), 409, "HOLD_ENDED"),
        (CallRepeated(), 409, "CALL_REPEATED"),
        (Unauthenticated(), 401, "UNAUTHENTICATED"),
        (InvalidRequest(), 400, "INVALID_REQUEST"),
    ]:
        body = json.loads(refused.body)
        assert (refused.status, body["code"]) == (status, code)
        assert list(body) == ["error", "message", "code"]
    assert Unauthenticated().headers["www-authenticate"] == "Bearer"


def test_a_backend_refuses_with_an_answer_of_its_own() -> None:
    refused = Refused(404, "UNKNOWN_TOOL", "Unknown tool", "There is no such tool.")
    body = '{"error":"Unknown tool","message":"There is no such tool.","code":"UNKNOWN_TOOL"}'
    assert (refused.status, refused.body.decode()) == (404, body)
    assert str(refused) == "404 UNKNOWN_TOOL: There is no such tool."
    assert KeyReused().status == 409
