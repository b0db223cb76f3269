"""Checks, holds, charges and refunds: the way of a tool backend."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from contract import name_of
from world import USD, amount, await_state, case, new_key, refused


def decision(answer):
    return name_of(answer, "decision")


def state(hold):
    return name_of(hold, "state")


def held(user):
    """Settled, held and available, and that they fit together."""
    balance = user.balance()
    assert balance.currency == "USD"
    assert balance.available_micros == balance.settled_micros - balance.held_micros
    assert balance.debt_micros == max(0, -balance.settled_micros)
    return balance.settled_micros, balance.held_micros, balance.available_micros


@case("a check allows what there is, denies what is more, and changes nothing")
def check(world):
    user = world.user()
    allowed = user.check(amount(10 * USD))
    assert decision(allowed) == "DECISION_ALLOWED" and allowed.enforced
    assert allowed.required_micros == 10 * USD and allowed.shortfall_micros == 0
    assert allowed.billing_enabled and not allowed.HasField("price_version")
    assert [name_of(limit, "period") for limit in allowed.limits] == [
        "LIMIT_PERIOD_DAY",
        "LIMIT_PERIOD_MONTH",
    ]
    denied = user.check(amount(10 * USD + 1))
    assert decision(denied) == "DECISION_INSUFFICIENT_BALANCE"
    assert denied.shortfall_micros == 1
    assert denied.balance.available_micros == 10 * USD
    assert held(user) == (10 * USD, 0, 10 * USD)


@case("a hold sets money aside; sent again with its key it is the same hold")
def hold_and_replay(world):
    user, key = world.user(), new_key()
    first = user.hold(amount(4 * USD), key)
    assert decision(first) == "DECISION_ALLOWED" and not first.replayed
    assert state(first.hold) == "HOLD_STATE_PLACED"
    assert first.hold.amount_micros == 4 * USD
    assert first.balance.available_micros == 6 * USD
    again = user.hold(amount(4 * USD), key)
    assert again.replayed and again.hold == first.hold
    assert held(user) == (10 * USD, 4 * USD, 6 * USD)
    denied = user.hold(amount(6 * USD + 1))
    assert decision(denied) == "DECISION_INSUFFICIENT_BALANCE"
    assert not denied.HasField("hold") and denied.shortfall_micros == 1
    user.capture(first.hold.hold_id, amount(USD))
    ended = user.hold(amount(4 * USD), key)
    assert ended.replayed and state(ended.hold) == "HOLD_STATE_CAPTURED"


@case("a key with another content or another RPC is ALREADY_EXISTS")
def key_reuse(world):
    user, key = world.user(), new_key()
    user.hold(amount(USD), key)
    for call in (
        lambda: user.hold(amount(2 * USD), key),
        lambda: user.hold(world.tool("call"), key),
        lambda: user.charge(amount(USD), key),
    ):
        refused("ALREADY_EXISTS", call, "IDEMPOTENCY_KEY_REUSED")
    # A key belongs to its account.
    assert not world.user().hold(amount(2 * USD), key).replayed
    assert held(user) == (10 * USD, USD, 9 * USD)


@case("a denial leaves its key free: the next try is decided afresh")
def denial_is_not_stored(world):
    user, key = world.user(funds=USD), new_key()
    assert decision(user.hold(amount(2 * USD), key)) == "DECISION_INSUFFICIENT_BALANCE"
    user.adjust(USD)
    allowed = user.hold(amount(2 * USD), key)
    assert decision(allowed) == "DECISION_ALLOWED" and not allowed.replayed


@case("a dry run decides, holds nothing, and leaves its key free")
def dry_run(world):
    user, key = world.user(), new_key()
    dry = user.hold(amount(USD), key, dry_run=True)
    assert decision(dry) == "DECISION_ALLOWED" and not dry.HasField("hold")
    assert held(user) == (10 * USD, 0, 10 * USD)
    assert not user.hold(amount(2 * USD), key).replayed


@case("a capture below its hold charges what was used and gives the rest back, once")
def capture_below(world):
    user = world.user()
    hold_id = user.hold(amount(4 * USD)).hold.hold_id
    first = user.capture(hold_id, amount(3 * USD), description="a call", metadata={"k": "v"})
    assert (first.charged_micros, first.released_micros, first.debt_micros) == (3 * USD, USD, 0)
    assert first.entry_id and held(user) == (7 * USD, 0, 7 * USD)
    again = user.capture(hold_id, amount(3 * USD), description="a call", metadata={"k": "v"})
    assert again.entry_id == first.entry_id and again.charged_micros == 3 * USD
    ended = refused(
        "FAILED_PRECONDITION", lambda: user.capture(hold_id, amount(2 * USD)), "HOLD_ENDED"
    )
    assert ended.metadata["state"] == "CAPTURED", ended.metadata
    assert held(user) == (7 * USD, 0, 7 * USD)
    entry = user.entries(page_size=1).entries[0]
    assert entry.entry_id == first.entry_id and entry.hold_id == hold_id
    assert entry.amount_micros == -3 * USD and entry.balance_after_micros == 7 * USD
    assert entry.description == "a call" and dict(entry.metadata) == {"k": "v"}


@case("a capture above its hold follows its overage policy")
def capture_above(world):
    user = world.user(funds=5 * USD)
    hold_id = user.hold(amount(2 * USD)).hold.hold_id
    refused(
        "FAILED_PRECONDITION",
        lambda: user.capture(hold_id, amount(6 * USD), overage_policy="OVERAGE_POLICY_REJECT"),
        "OVERAGE_REJECTED",
    )
    assert held(user) == (5 * USD, 2 * USD, 3 * USD)
    all_there_is = user.capture(
        hold_id, amount(6 * USD), overage_policy="OVERAGE_POLICY_UP_TO_AVAILABLE"
    )
    assert (all_there_is.charged_micros, all_there_is.released_micros) == (5 * USD, 0)
    assert held(user) == (0, 0, 0)

    user = world.user(funds=5 * USD)
    hold_id = user.hold(amount(2 * USD)).hold.hold_id
    into_debt = user.capture(hold_id, amount(6 * USD))
    assert (into_debt.charged_micros, into_debt.debt_micros) == (6 * USD, USD)
    assert held(user) == (-USD, 0, -USD)
    assert decision(user.check(amount(1))) == "DECISION_INSUFFICIENT_BALANCE"


@case("a capture of 0 and a release give the whole hold back, repeatably")
def release(world):
    user = world.user()
    captured = user.capture(user.hold(amount(USD)).hold.hold_id, amount(0))
    assert (captured.charged_micros, captured.released_micros) == (0, USD)
    assert captured.entry_id == ""
    hold_id = user.hold(amount(USD)).hold.hold_id
    for _ in range(2):
        released = user.tools("ReleaseHold", hold_id=hold_id)
        assert state(released.hold) == "HOLD_STATE_RELEASED"
    ended = refused(
        "FAILED_PRECONDITION", lambda: user.capture(hold_id, amount(USD)), "HOLD_ENDED"
    )
    assert ended.metadata["state"] == "RELEASED", ended.metadata
    captured_id = user.hold(amount(USD)).hold.hold_id
    user.capture(captured_id, amount(USD))
    for method in ("ReleaseHold", "ExtendHold"):
        ended = refused(
            "FAILED_PRECONDITION", lambda: user.tools(method, hold_id=captured_id), "HOLD_ENDED"
        )
        assert ended.metadata["state"] == "CAPTURED", ended.metadata
    assert held(user) == (9 * USD, 0, 9 * USD)


@case("an extension lets a hold live longer and never shorter")
def extend(world):
    user = world.user()
    placed = user.hold(amount(USD), ttl="60s").hold
    longer = user.tools("ExtendHold", hold_id=placed.hold_id, ttl="3600s").hold
    by = longer.expires_at.seconds - placed.expires_at.seconds
    assert 3500 < by <= 3600, by
    same = user.tools("ExtendHold", hold_id=placed.hold_id, ttl="1s").hold
    assert same == longer


@case("a hold that expires gives its money back within seconds and cannot be captured")
def expiry(world):
    user, key = world.user(), new_key()
    placed = user.hold(amount(4 * USD), key, ttl="1s").hold
    assert user.balance().held_micros == 4 * USD
    await_state("the hold expires", lambda: user.balance().held_micros == 0)
    assert held(user) == (10 * USD, 0, 10 * USD)
    for call in (
        lambda: user.capture(placed.hold_id, amount(USD)),
        lambda: user.tools("ReleaseHold", hold_id=placed.hold_id),
        lambda: user.tools("ExtendHold", hold_id=placed.hold_id),
    ):
        ended = refused("FAILED_PRECONDITION", call, "HOLD_ENDED")
        assert ended.metadata["state"] == "EXPIRED", ended.metadata
    again = user.hold(amount(4 * USD), key, ttl="1s")
    assert again.replayed and state(again.hold) == "HOLD_STATE_EXPIRED"
    # Work that ended too late is billed by a charge.
    assert user.charge(amount(4 * USD)).charged_micros == 4 * USD


@case("a charge by amount is made once, and denied where there is too little")
def charge_by_amount(world):
    user, key = world.user(), new_key()
    first = user.charge(amount(4 * USD), key, request_id="request 1", description="by amount")
    assert decision(first) == "DECISION_ALLOWED" and first.charged_micros == 4 * USD
    again = user.charge(amount(4 * USD), key, request_id="request 1", description="by amount")
    assert again.replayed and again.entry_id == first.entry_id
    assert held(user) == (6 * USD, 0, 6 * USD)
    denied = user.charge(amount(7 * USD))
    assert decision(denied) == "DECISION_INSUFFICIENT_BALANCE"
    assert (denied.charged_micros, denied.entry_id) == (0, "")
    all_there_is = user.charge(amount(7 * USD), overage_policy="OVERAGE_POLICY_UP_TO_AVAILABLE")
    assert all_there_is.charged_micros == 6 * USD
    into_debt = user.charge(amount(USD), overage_policy="OVERAGE_POLICY_ALLOW_DEBT")
    assert into_debt.charged_micros == USD and into_debt.balance.debt_micros == USD


@case("a tool's price is applied to its quantities and rounded up once")
def charge_by_tool(world):
    user = world.user()
    estimate = world.tools(
        "PriceService.EstimateCost",
        tenant_id=world.up["tenant_id"],
        tool=world.tool("tokens", token=7)["tool"],
    )
    # A cent, and 1.05 micros.
    assert estimate.required_micros == 10_002 and estimate.price_version == 1
    cost = world.tool("tokens", token=1_000_000)
    assert user.check(cost).required_micros == 160_000
    charged = user.charge(cost)
    assert charged.charged_micros == 160_000 and charged.price_version == 1
    assert user.charge(world.tool("thirds", a=1, b=1, c=1)).charged_micros == 1
    assert user.charge(world.tool("thirds", a=1, b=1, c=2)).charged_micros == 2
    assert user.charge(world.tool("exempt")).charged_micros == 0
    entry = user.entries(tool=cost["tool"]["name"]).entries[0]
    assert entry.price_version == 1 and entry.amount_micros == -160_000
    unpriced = {"tool": {"name": f"unpriced-{uuid.uuid4()}"}}
    assert decision(user.check(unpriced)) == "DECISION_TOOL_NOT_PRICED"
    assert decision(user.hold(unpriced)) == "DECISION_TOOL_NOT_PRICED"


@case("a hold by tool is captured by the same tool at what it really used")
def hold_by_tool(world):
    user = world.user()
    placed = user.hold(world.tool("tokens", token=1_000_000))
    assert placed.hold.amount_micros == 160_000
    refused(
        "INVALID_ARGUMENT",
        lambda: user.capture(placed.hold.hold_id, world.tool("thirds", a=1)),
    )
    captured = user.capture(placed.hold.hold_id, world.tool("tokens", token=500_000))
    assert (captured.charged_micros, captured.released_micros) == (85_000, 75_000)


@case("free calls of a day are free, and a released one is given back")
def free_calls(world):
    user, cost = world.user(), world.tool("free")
    assert user.charge(cost).charged_micros == 0
    second = user.hold(cost).hold
    assert second.amount_micros == 0
    assert user.check(cost).required_micros == 30_000
    user.tools("ReleaseHold", hold_id=second.hold_id)
    assert user.check(cost).required_micros == 0
    assert user.charge(cost).charged_micros == 0
    assert user.charge(cost).charged_micros == 30_000
    # Nobody needs money for what is free.
    poor = world.user(funds=1)
    poor.charge(amount(1))
    assert decision(poor.check(cost)) == "DECISION_ALLOWED"
    assert decision(poor.check(world.tool("exempt"))) == "DECISION_ALLOWED"


@case("refunds give a charge back in parts and never more than it was")
def refunds(world):
    user, key = world.user(), new_key()
    hold_id = user.hold(amount(6 * USD)).hold.hold_id
    entry_id = user.capture(hold_id, amount(6 * USD)).entry_id
    first = user.refund(entry_id, key, amount_micros=2 * USD, reason="half of it failed")
    assert first.refunded_micros == 2 * USD and held(user)[0] == 6 * USD
    again = user.refund(entry_id, key, amount_micros=2 * USD, reason="half of it failed")
    assert again.replayed and again.entry_id == first.entry_id
    refused(
        "FAILED_PRECONDITION",
        lambda: user.refund(entry_id, amount_micros=4 * USD + 1),
        "REFUND_EXCEEDS_CHARGE",
    )
    rest = user.refund(entry_id)
    assert rest.refunded_micros == 4 * USD
    refused("FAILED_PRECONDITION", lambda: user.refund(entry_id), "REFUND_EXCEEDS_CHARGE")
    assert held(user) == (10 * USD, 0, 10 * USD)
    entry = user.entries(kind="ENTRY_KIND_REFUND").entries[1]
    assert entry.refunds_entry_id == entry_id and entry.reason == "half of it failed"
    refused("NOT_FOUND", lambda: user.refund(first.entry_id))
    assert user.tools("GetBalance").total_spent_micros == 0


@case("thirty charges at once on the money of ten: exactly ten are made")
def at_once(world):
    user = world.user()
    with ThreadPoolExecutor(30) as threads:
        answers = list(threads.map(lambda _: user.charge(amount(USD)), range(30)))
    made = [answer for answer in answers if decision(answer) == "DECISION_ALLOWED"]
    denied = [answer for answer in answers if decision(answer) == "DECISION_INSUFFICIENT_BALANCE"]
    assert (len(made), len(denied)) == (10, 20)
    assert held(user) == (0, 0, 0)
    assert len({answer.entry_id for answer in made}) == 10


@case("one hold captured and released at once ends exactly once")
def one_end(world):
    for _ in range(5):
        user = world.user()
        hold_id = user.hold(amount(4 * USD)).hold.hold_id

        def capture():
            return user.capture(hold_id, amount(3 * USD))

        def release():
            return user.tools("ReleaseHold", hold_id=hold_id)

        def ends(call):
            try:
                return call()
            except Exception as refusal:  # the one that came too late
                assert refusal.reason == "HOLD_ENDED", refusal
                return None

        with ThreadPoolExecutor(2) as threads:
            ended = [end for end in threads.map(ends, (capture, release)) if end is not None]
        assert len(ended) == 1, ended
        charged = getattr(ended[0], "charged_micros", 0)
        assert held(user) == (10 * USD - charged, 0, 10 * USD - charged)
