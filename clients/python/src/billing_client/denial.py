"""The core's decision, and the answer that a denial is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

from billing_client._gen.billing.v1 import account_pb2 as account
from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client.refusals import Denied
from billing_client.usd import digits, shown

# The three have the same fields for their decision.
Decided: TypeAlias = balance.CheckBalanceResponse | balance.PlaceHoldResponse | balance.ChargeResponse

_ALLOWED = balance.DECISION_ALLOWED
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Unclear(Exception):
    """An answer that this version does not understand. It is taken for a no."""


def denial(answer: Decided, topup_url: str | None, unpriced: int) -> Denied | None:
    """None: allowed. `topup_url` is where users top up if the tenant has set no address. Unclear."""
    decision = answer.decision
    if decision == _ALLOWED:
        return None
    if decision == balance.DECISION_TOOL_NOT_PRICED:
        message = "This tool has no price yet and cannot be used."
        return Denied(unpriced, "TOOL_NOT_PRICED", "Tool not priced", message)
    if decision == balance.DECISION_ACCOUNT_SUSPENDED:
        return Denied(403, "ACCOUNT_SUSPENDED", "Account suspended", "This account is suspended.")
    if decision == balance.DECISION_INSUFFICIENT_BALANCE:
        return _insufficient_balance(answer, topup_url)
    if decision == balance.DECISION_DAILY_LIMIT_EXCEEDED:
        return _limit_exceeded(answer, "Daily", account.LIMIT_PERIOD_DAY)
    if decision == balance.DECISION_MONTHLY_LIMIT_EXCEEDED:
        return _limit_exceeded(answer, "Monthly", account.LIMIT_PERIOD_MONTH)
    raise Unclear("the core's answer lacks a decision")


def _insufficient_balance(answer: Decided, topup_url: str | None) -> Denied:
    if not answer.HasField("balance"):
        raise Unclear("the core's answer lacks a balance")
    required, available = answer.required_micros, answer.balance.available_micros
    url = json.dumps(answer.topup_url or topup_url, ensure_ascii=False)
    more = (
        f',"balance":{{"current_usd":{digits(available)},"required_usd":{digits(required)},'
        f'"shortfall_usd":{digits(answer.shortfall_micros)}}},"topup_url":{url}'
    )
    message = f"Required: {shown(required)}, Available: {shown(available)}"
    return Denied(402, "INSUFFICIENT_BALANCE", "Insufficient balance", message, more)


def _limit_exceeded(answer: Decided, name: str, period: account.LimitPeriod) -> Denied:
    daily = _status(answer, account.LIMIT_PERIOD_DAY)
    monthly = _status(answer, account.LIMIT_PERIOD_MONTH)
    if answer.above_limit:
        message = f"Required: {shown(answer.required_micros)}, Daily: {_shown(daily)}, Monthly: {_shown(monthly)}"
        return Denied(403, "COST_ABOVE_LIMIT", "Cost above limit", message)
    by = daily if period == account.LIMIT_PERIOD_DAY else monthly
    if not answer.HasField("retry_after"):
        raise Unclear("the core's answer lacks the time to wait")
    wait = answer.retry_after
    more = (
        f',"limits":{{"daily_limit_usd":{_json(daily)},"daily_spent_usd":{digits(daily.used_micros)},'
        f'"monthly_limit_usd":{_json(monthly)},"monthly_spent_usd":{digits(monthly.used_micros)}}},'
        f'"reset_at":"{_reset_at(by)}"'
    )
    message = f"Limit: {_shown(by)}, Spent: {shown(by.used_micros)}"
    # Up to the next whole second: a caller that came back earlier would be denied again.
    wait_secs = max(1, wait.seconds + (wait.nanos > 0))
    return Denied(429, f"{name.upper()}_LIMIT_EXCEEDED", f"{name} limit exceeded", message, more, wait_secs)


def _status(answer: Decided, period: account.LimitPeriod) -> account.LimitStatus:
    for limit in answer.limits:
        if limit.period == period:
            return limit
    raise Unclear("the core's answer lacks a limit")


def _shown(limit: account.LimitStatus) -> str:
    return shown(limit.limit_micros) if limit.HasField("limit_micros") else "none"


def _json(limit: account.LimitStatus) -> str:
    return digits(limit.limit_micros) if limit.HasField("limit_micros") else "null"


def _reset_at(limit: account.LimitStatus) -> str:
    """RFC 3339 in UTC, with as many decimals as the time has."""
    if not limit.HasField("resets_at"):
        raise Unclear("the core's answer lacks the time of a reset")
    time = limit.resets_at
    try:
        seconds = (_EPOCH + timedelta(seconds=time.seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError:
        raise Unclear("the core's answer lacks the time of a reset") from None
    fraction = f".{time.nanos:09d}".rstrip("0") if time.nanos else ""
    return f"{seconds}{fraction}Z"
