"""Limits, suspension, credit, history, usage, and the same story told over REST."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from balance_cases import decision, held
from contract import name_of
from world import USD, amount, case, new_key, refused, usd


def limits_of(answer):
    return {name_of(limit, "period"): limit for limit in answer.limits}


def next_midnight(zone, days=1):
    local = datetime.now(ZoneInfo(zone)) + timedelta(days=days)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


@case("an account that nobody wrote answers as just created, and reading writes nothing")
def unknown_account(world):
    user = world.user(funds=0)
    balance = user.tools("GetBalance")
    assert balance.time_zone == "UTC" and balance.billing_enabled and not balance.suspended
    assert balance.balance.settled_micros >= 0 and balance.balance.held_micros == 0
    assert not balance.HasField("last_request_at")
    user.check(amount(1))
    user.tools("GetUsage")
    account = user.admin("GetAccount").account
    assert not account.exists and account.account_id
    assert account.balance == balance.balance


@case("a daily limit that is used up denies, names itself, and says when it resets; one of 0 always does")
def daily_limit(world):
    user = world.user()
    user.charge(amount(USD))
    set_limit = {"daily_limit": amount(USD), "monthly_limit": amount(50 * USD)}
    assert user.admin("UpdateSettings", **set_limit).account.exists
    before = datetime.now(timezone.utc)
    denied = user.check(amount(1))
    assert decision(denied) == "DECISION_DAILY_LIMIT_EXCEEDED"
    day = limits_of(denied)["LIMIT_PERIOD_DAY"]
    month = limits_of(denied)["LIMIT_PERIOD_MONTH"]
    assert (day.limit_micros, day.used_micros, day.remaining_micros) == (USD, USD, 0)
    assert (month.limit_micros, month.remaining_micros) == (50 * USD, 49 * USD)
    resets_at = day.resets_at.ToDatetime(timezone.utc)
    midnight = before.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert resets_at == midnight, resets_at
    until_then = (resets_at - before).total_seconds()
    assert abs(denied.retry_after.ToTimedelta().total_seconds() - until_then) < 5
    for call in (user.hold, user.charge):
        assert decision(call(amount(1))) == "DECISION_DAILY_LIMIT_EXCEEDED"
    user.admin("UpdateSettings", daily_limit=amount(0))
    never = user.check(amount(1))
    assert decision(never) == "DECISION_DAILY_LIMIT_EXCEEDED" and never.above_limit
    assert not never.HasField("retry_after")
    # A balance that does not suffice is named first.
    assert decision(user.check(amount(10 * USD))) == "DECISION_INSUFFICIENT_BALANCE"
    # What is absent stays; an empty setting takes the limit away.
    user.admin("UpdateSettings", daily_limit={})
    after = user.check(amount(1))
    assert decision(after) == "DECISION_ALLOWED"
    day = limits_of(after)["LIMIT_PERIOD_DAY"]
    assert not day.HasField("limit_micros") and not day.HasField("remaining_micros")
    assert limits_of(after)["LIMIT_PERIOD_MONTH"].limit_micros == 50 * USD


@case("a limit counts holds, and a release gives back what it counted")
def limit_counts_holds(world):
    user = world.user()
    user.admin("UpdateSettings", daily_limit=amount(3 * USD))
    hold_id = user.hold(amount(2 * USD)).hold.hold_id
    assert decision(user.hold(amount(2 * USD))) == "DECISION_DAILY_LIMIT_EXCEEDED"
    user.tools("ReleaseHold", hold_id=hold_id)
    assert decision(user.hold(amount(2 * USD))) == "DECISION_ALLOWED"
    # Overage is counted and never refused by a limit.
    into_overage = user.hold(amount(USD)).hold.hold_id
    assert user.capture(into_overage, amount(2 * USD)).charged_micros == 2 * USD
    used = limits_of(user.check(amount(1)))["LIMIT_PERIOD_DAY"].used_micros
    assert used == 4 * USD, used


@case("the monthly limit denies by its own name, in the account's own zone")
def monthly_limit(world):
    user = world.user()
    user.charge(amount(USD))
    zone = "Pacific/Kiritimati"
    user.admin("UpdateSettings", monthly_limit=amount(USD), time_zone=zone)
    denied = user.check(amount(1))
    assert decision(denied) == "DECISION_MONTHLY_LIMIT_EXCEEDED"
    status = limits_of(denied)
    first = (next_midnight(zone, 0).replace(day=1) + timedelta(days=32)).replace(day=1)
    assert status["LIMIT_PERIOD_MONTH"].resets_at.ToDatetime(timezone.utc) == first
    assert status["LIMIT_PERIOD_DAY"].resets_at.ToDatetime(timezone.utc) == next_midnight(zone)
    # A change of the zone never resets what was used.
    assert status["LIMIT_PERIOD_DAY"].used_micros == USD
    assert user.tools("GetBalance").time_zone == zone


@case("a suspended account is denied everything but the end of its open holds")
def suspension(world):
    user = world.user()
    hold_id = user.hold(amount(USD)).hold.hold_id
    assert user.admin("SuspendAccount").account.suspended
    for call in (user.check, user.hold, user.charge):
        assert decision(call(amount(1))) == "DECISION_ACCOUNT_SUSPENDED"
    assert user.tools("GetBalance").suspended
    assert user.capture(hold_id, amount(USD)).charged_micros == USD
    assert not user.admin("ResumeAccount").account.suspended
    assert decision(user.check(amount(1))) == "DECISION_ALLOWED"


@case("where billing is disabled everything is allowed and costs 0")
def billing_disabled(world):
    user = world.user(funds=USD)
    user.admin("SetBillingEnabled", billing_enabled=False)
    checked = user.check(amount(5 * USD))
    assert decision(checked) == "DECISION_ALLOWED" and not checked.billing_enabled
    assert checked.required_micros == 0
    placed = user.hold(amount(5 * USD)).hold
    assert placed.amount_micros == 0
    assert user.capture(placed.hold_id, amount(5 * USD)).charged_micros == 0
    assert user.charge(amount(5 * USD)).charged_micros == 0
    assert held(user) == (USD, 0, USD)
    user.admin("SetBillingEnabled", billing_enabled=True)
    assert decision(user.check(amount(5 * USD))) == "DECISION_INSUFFICIENT_BALANCE"


@case("a grant credits once; an adjustment may take the account into debt")
def grant_and_adjust(world):
    user = world.user()
    grant = {
        "idempotency_key": new_key(),
        "amount_micros": 2 * USD,
        "reason": "a welcome",
        "actor": "an administrator",
    }
    first = user.admin("GrantCredit", **grant)
    again = user.admin("GrantCredit", **grant)
    assert again.replayed and again.entry_id == first.entry_id
    assert again.balance.settled_micros == first.balance.settled_micros == 12 * USD
    refused(
        "ALREADY_EXISTS",
        lambda: user.admin("GrantCredit", **grant | {"amount_micros": USD}),
        "IDEMPOTENCY_KEY_REUSED",
    )
    refused("ALREADY_EXISTS", lambda: user.charge(amount(1), grant["idempotency_key"]))
    into_debt = user.adjust(-15 * USD)
    assert into_debt.balance.debt_micros == 3 * USD
    assert decision(user.check(amount(1))) == "DECISION_INSUFFICIENT_BALANCE"
    assert user.check(amount(1)).shortfall_micros == 3 * USD + 1
    entry = user.entries(kind="ENTRY_KIND_GRANT").entries[0]
    assert (entry.reason, entry.actor) == ("a welcome", "an administrator")
    assert entry.counterparty == "grants"


@case("the history pages newest first, stays the same while entries arrive, and adds up")
def history(world):
    user = world.user()
    charged = [user.charge(amount(number)).entry_id for number in range(1, 8)]
    first = user.entries(page_size=3)
    assert [entry.entry_id for entry in first.entries] == charged[:-4:-1]
    late = user.charge(amount(100)).entry_id
    second = user.entries(page_size=3, page_token=first.next_page_token)
    assert [entry.entry_id for entry in second.entries] == charged[-4:-7:-1]
    by_id = user.entries(page_size=3, page_token=charged[-3])
    assert list(by_id.entries) == list(second.entries)
    skipped = user.entries(page_size=3, skip=4)
    assert list(skipped.entries) == list(second.entries)

    everything, token = [], ""
    while True:
        page = user.entries(page_size=3, page_token=token)
        everything += page.entries
        token = page.next_page_token
        if not token:
            break
    assert everything[0].entry_id == late
    ids = [entry.entry_id for entry in everything]
    assert len(ids) == len(set(ids))
    settled = user.balance().settled_micros
    assert sum(entry.amount_micros for entry in everything) == settled
    for entry in everything:
        assert entry.balance_after_micros == settled
        settled -= entry.amount_micros
    assert settled == 0

    kinds = {name_of(entry, "kind") for entry in user.entries(kind="ENTRY_KIND_CHARGE").entries}
    assert kinds == {"ENTRY_KIND_CHARGE"}
    an_hour = timedelta(hours=1)
    now = datetime.now(timezone.utc)
    past, future = (now - an_hour).isoformat(), (now + an_hour).isoformat()
    assert len(user.entries(**{"from": past, "to": future}).entries) == len(everything)
    assert not user.entries(**{"from": future}).entries
    assert not user.entries(to=past).entries
    assert not world.user().entries(page_size=500, kind="ENTRY_KIND_CHARGE").entries


@case("usage is charges less refunds, by day and by tool")
def usage(world):
    user, cost = world.user(), world.tool("call")
    first = user.charge(cost)
    user.charge(cost)
    user.charge(amount(USD))
    user.refund(first.entry_id, amount_micros=5_000)
    seen = user.tools("GetUsage")
    assert seen.time_zone == "UTC"
    spent = USD + 35_000
    # Two days where midnight passed on the way.
    assert sum(day.spent_micros for day in seen.days) == spent
    assert sum(day.charge_count for day in seen.days) == 3
    for day in seen.days:
        datetime.strptime(day.date, "%Y-%m-%d")
    by_tool = [(tool.tool, tool.spent_micros, tool.charge_count) for tool in seen.tools]
    assert by_tool == [("", USD, 1), (cost["tool"]["name"], 35_000, 2)], by_tool
    balance = user.tools("GetBalance")
    assert balance.total_spent_micros == spent and balance.request_count == 3
    assert balance.HasField("last_request_at")


@case("REST shows the balance and the history that gRPC shows")
def rest(world):
    user = world.user()
    user.charge(amount(1_234_567))
    hold_id = user.hold(amount(USD)).hold.hold_id
    user.admin("UpdateSettings", daily_limit=amount(5 * USD))
    jwt = world.jwt_of(user.user_id)
    code, body = world.rest("/api/billing/balance", jwt)
    assert code == 200 and body["success"] is True, body
    billing = body["billing"]
    grpc = user.tools("GetBalance")
    assert billing["balance_usd"] == usd(grpc.balance.settled_micros) == "8.765433"
    assert billing["total_spent_usd"] == usd(grpc.total_spent_micros)
    assert billing["total_requests"] == str(grpc.request_count)
    assert billing["limits"] == {"daily_usd": "5", "monthly_usd": None}
    assert billing["usage"]["today_usd"] == usd(1_234_567 + USD)

    user.capture(hold_id, amount(USD))
    code, body = world.rest("/api/billing/history?limit=2", jwt)
    assert code == 200 and body["success"] is True, body
    entries = user.entries(page_size=2).entries
    assert [row["id"] for row in body["transactions"]] == [entry.entry_id for entry in entries]
    for row, entry in zip(body["transactions"], entries):
        assert row["type"] == "charge"
        assert row["amount_usd"] == usd(entry.amount_micros)
        assert row["balance_after_usd"] == usd(entry.balance_after_micros)
    assert body["pagination"]["count"] == "2"


@case("limits that are set over REST deny over gRPC")
def rest_settings(world):
    user = world.user()
    jwt = world.jwt_of(user.user_id)
    code, body = world.rest("/api/billing/settings", jwt, "PUT", {"daily_limit_usd": 0})
    assert code == 200 and body["success"] is True, body
    assert decision(user.check(amount(1))) == "DECISION_DAILY_LIMIT_EXCEEDED"
    code, body = world.rest("/api/billing/settings", jwt, "PUT", {"daily_limit_usd": None})
    assert code == 200, body
    assert decision(user.check(amount(1))) == "DECISION_ALLOWED"
    code, body = world.rest("/api/billing/settings", jwt, "PUT", {"daily_limit_usd": -1})
    assert code == 400, (code, body)


@case("the JWT that was printed works, and none or another one does not")
def rest_tokens(world):
    code, body = world.rest("/api/billing/balance", world.up["jwt"])
    assert code == 200, body
    account = {"tenant_id": world.up["tenant_id"], "user_id": world.up["user_id"]}
    grpc = world.tools("BalanceService.GetBalance", account=account)
    assert body["billing"]["balance_usd"] == usd(grpc.balance.settled_micros)
    for jwt in (None, world.up["tools_token"], world.up["jwt"][:-4] + "AAAA"):
        code, body = world.rest("/api/billing/balance", jwt)
        assert code == 401, (code, body)
