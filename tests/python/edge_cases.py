"""The edge: who may call at all, and what bad input gets."""

import uuid

from contract import Contract, is_serving, services_by_v1
from world import USD, amount, case, new_key, refused

SERVICES = {
    "billing.v1.AccountService",
    "billing.v1.BalanceService",
    "billing.v1.PriceService",
}


@case("health is answered without a token")
def health(world):
    assert is_serving(world.channel)


@case("reflection lists the services by v1alpha and by v1, with a token")
def reflection(world):
    assert SERVICES <= world.contract.services()
    assert SERVICES <= services_by_v1(world.channel, world.up["tools_token"])


@case("reflection tells nothing without a token")
def reflection_without_token(world):
    refused("UNAUTHENTICATED", lambda: services_by_v1(world.channel, None))


@case("a call without a valid service token is UNAUTHENTICATED")
def unauthenticated(world):
    user = world.user(funds=0)
    call = Contract(world.channel, world.up["tools_token"]).call
    for token in (None, "wrong", world.up["tools_token"] + "x", world.up["jwt"]):
        refused(
            "UNAUTHENTICATED",
            lambda: call(token, "BalanceService.GetBalance", account=user.account),
        )


@case("a role may do what it is for, and the rest is PERMISSION_DENIED")
def roles(world):
    user = world.user(funds=0)
    account = {"account": user.account}
    money = {"idempotency_key": new_key(), "amount_micros": USD, "reason": "r", "actor": "a"}
    spend = {"idempotency_key": new_key(), "cost": amount(1)}
    price = {"tenant_id": world.up["tenant_id"], "tool": "t", "per_call_micros": 1}
    assert world.gateway("BalanceService.GetBalance", **account).time_zone
    assert not world.gateway("AccountService.GetAccount", **account).account.exists
    for caller, method, request in (
        (world.tools, "AccountService.GrantCredit", account | money),
        (world.tools, "AccountService.AdjustBalance", account | money),
        (world.tools, "AccountService.GetAccount", account),
        (world.tools, "AccountService.UpdateSettings", account),
        (world.tools, "AccountService.SuspendAccount", account),
        (world.tools, "PriceService.SetPrice", price),
        (world.gateway, "AccountService.GrantCredit", account | money),
        (world.gateway, "AccountService.AdjustBalance", account | money),
        (world.gateway, "AccountService.SuspendAccount", account),
        (world.gateway, "AccountService.SetBillingEnabled", account),
        (world.gateway, "PriceService.SetPrice", price),
        (world.gateway, "BalanceService.CheckBalance", account | {"cost": amount(1)}),
        (world.gateway, "BalanceService.PlaceHold", account | spend),
        (world.gateway, "BalanceService.Charge", account | spend),
    ):
        refused("PERMISSION_DENIED", lambda: caller(method, **request))
    assert not world.admin("AccountService.GetAccount", **account).account.exists


@case("another tenant's and another account's hold and entry are NOT_FOUND")
def others(world):
    owner, stranger = world.user(), world.user()
    hold_id = owner.hold(amount(USD)).hold.hold_id
    entry_id = owner.charge(amount(USD)).entry_id
    # The same user id under another tenant is somebody else.
    elsewhere = {"account": owner.account | {"tenant_id": f"t-{uuid.uuid4()}"}}
    refund = {"idempotency_key": new_key(), "entry_id": entry_id}
    for caller in (world.tools, world.admin):
        for method, request in (
            ("CaptureHold", {"hold_id": hold_id, "cost": amount(1)}),
            ("ReleaseHold", {"hold_id": hold_id}),
            ("ExtendHold", {"hold_id": hold_id}),
            ("RefundCharge", refund),
        ):
            refused("NOT_FOUND", lambda: caller(f"BalanceService.{method}", **elsewhere, **request))
    # A token that was not given for a tenant learns nothing of it, not even that it is empty.
    refused(
        "NOT_FOUND",
        lambda: world.tools("BalanceService.GetBalance", **elsewhere),
        reason="TENANT_NOT_FOUND",
    )
    for call in (
        lambda: stranger.capture(hold_id, amount(1)),
        lambda: stranger.tools("ReleaseHold", hold_id=hold_id),
        lambda: stranger.tools("ExtendHold", hold_id=hold_id),
        lambda: stranger.refund(entry_id),
        lambda: owner.capture(str(uuid.uuid4()), amount(1)),
        lambda: owner.capture("not-an-id", amount(1)),
        lambda: owner.refund(str(uuid.uuid4())),
    ):
        refused("NOT_FOUND", call)
    assert stranger.balance().settled_micros == 10 * USD
    assert owner.balance().held_micros == USD


@case("bad input is INVALID_ARGUMENT, names its field, and changes nothing")
def bad_input(world):
    user = world.user()
    place = {"idempotency_key": new_key(), "cost": amount(USD)}
    hold_id = user.hold(amount(USD)).hold.hold_id
    entry_id = user.charge(amount(USD)).entry_id
    before = user.balance()
    money = {"idempotency_key": new_key(), "amount_micros": USD, "reason": "r", "actor": "a"}
    no_tool = {"tool": {"name": ""}}

    def tools(method, field, **request):
        return field, lambda: user.tools(method, **request)

    def admin(method, field, **request):
        return field, lambda: user.admin(method, **request)

    def account(field, **changed):
        request = {"account": user.account | changed}
        return field, lambda: world.tools("BalanceService.GetBalance", **request)

    table = [
        ("account", lambda: world.tools("BalanceService.GetBalance")),
        account("account.tenant_id", tenant_id=""),
        account("account.user_id", user_id=""),
        account("account.user_id", user_id="u" * 256),
        account("account.user_id", user_id="ї" * 128),
        account("account.user_id", user_id="u\0"),
        account("account.tenant_id", tenant_id="t" * 129),
        tools("CheckBalance", "cost"),
        tools("CheckBalance", "cost.amount_micros", cost=amount(-1)),
        tools("CheckBalance", "cost.amount_micros", cost=amount(0)),
        tools("CheckBalance", "cost.amount_micros", cost=amount(10**15 + 1)),
        tools("CheckBalance", "cost.amount_micros", cost=amount(2**63 - 1)),
        tools("CheckBalance", "cost.amount_micros", cost=amount(-(2**63))),
        tools("CheckBalance", "cost.tool.name", cost=no_tool),
        tools("PlaceHold", "idempotency_key", **place | {"idempotency_key": ""}),
        tools("PlaceHold", "idempotency_key", **place | {"idempotency_key": "k" * 256}),
        tools("PlaceHold", "idempotency_key", **place | {"idempotency_key": "k\0"}),
        tools("PlaceHold", "cost.amount_micros", **place | {"cost": amount(0)}),
        tools("PlaceHold", "cost.amount_micros", **place | {"cost": amount(-1)}),
        tools("PlaceHold", "ttl", **place, ttl="0s"),
        tools("PlaceHold", "ttl", **place, ttl="0.999999999s"),
        tools("PlaceHold", "ttl", **place, ttl="-5s"),
        tools("PlaceHold", "ttl", **place, ttl="86400.000000001s"),
        tools("PlaceHold", "request_id", **place, request_id="r" * 256),
        tools("PlaceHold", "request_id", **place, request_id="\0"),
        tools("CaptureHold", "hold_id", hold_id="", cost=amount(1)),
        tools("CaptureHold", "cost.amount_micros", hold_id=hold_id, cost=amount(-1)),
        tools("CaptureHold", "cost", hold_id=hold_id),
        tools("CaptureHold", "description", hold_id=hold_id, cost=amount(1), description="d" * 501),
        tools(
            "CaptureHold",
            "metadata",
            hold_id=hold_id,
            cost=amount(1),
            metadata={f"k{number}": "v" for number in range(51)},
        ),
        tools("ExtendHold", "ttl", hold_id=hold_id, ttl="90000s"),
        tools("Charge", "cost.amount_micros", **place | {"cost": amount(10**15 + 1)}),
        tools("RefundCharge", "entry_id", idempotency_key=new_key(), entry_id=""),
        tools(
            "RefundCharge",
            "amount_micros",
            idempotency_key=new_key(),
            entry_id=entry_id,
            amount_micros=0,
        ),
        tools(
            "RefundCharge",
            "amount_micros",
            idempotency_key=new_key(),
            entry_id=entry_id,
            amount_micros=-1,
        ),
        tools("ListEntries", "page_size", page_size=-1),
        tools("ListEntries", "page_size", page_size=501),
        tools("ListEntries", "page_token", page_token="not a token"),
        tools("ListEntries", "skip", skip=-1),
        admin("UpdateSettings", "time_zone", time_zone="Mars/Olympus"),
        admin("UpdateSettings", "time_zone", time_zone=""),
        admin("UpdateSettings", "daily_limit.amount_micros", daily_limit=amount(-1)),
        admin("GrantCredit", "amount_micros", **money | {"amount_micros": 0}),
        admin("GrantCredit", "amount_micros", **money | {"amount_micros": -1}),
        admin("GrantCredit", "amount_micros", **money | {"amount_micros": 10**15 + 1}),
        admin("GrantCredit", "reason", **money | {"reason": ""}),
        admin("GrantCredit", "actor", **money | {"actor": ""}),
        admin("AdjustBalance", "amount_micros", **money | {"amount_micros": 0}),
        admin("AdjustBalance", "reason", **money | {"reason": "r" * 501}),
    ]
    wrong = []
    for number, (field, call) in enumerate(table):
        try:
            refusal = refused("INVALID_ARGUMENT", call)
            assert field in refusal.fields, f"got {refusal}"
        except AssertionError as error:
            wrong.append(f"row {number}, {field}: {error}")
    assert not wrong, "\n".join(wrong)
    assert user.balance() == before


@case("a unit that is unknown, missing or negative is INVALID_ARGUMENT")
def bad_units(world):
    user = world.user()
    name = world.tool("dear")["tool"]["name"]

    def cost(**quantities):
        return {"tool": {"name": name, "quantities": quantities}}

    for quantities in ({}, {"word": 1}, {"token": 1, "word": 1}, {"token": -1}):
        for call in (user.check, user.hold, user.charge):
            refusal = refused("INVALID_ARGUMENT", lambda: call(cost(**quantities)))
            named = refusal.fields
            assert named and named[0].startswith("cost.tool.quantities"), refusal
    # Its price is more than any amount can be.
    refused("INVALID_ARGUMENT", lambda: user.charge(cost(token=2**63 - 1)))
    assert user.balance().settled_micros == 10 * USD
