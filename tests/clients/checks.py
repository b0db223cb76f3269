"""What is checked of each program: a sentence, and what proves it."""

import concurrent.futures
import datetime
import time
import uuid
from decimal import Decimal
from typing import Callable, NamedTuple

import stage
from road import Road
from stage import API_KEY, Failed, Nobody, Server, User, expect, jwt_of, next_midnight

# Of the demonstration's price list, in dollars: what a search costs, and a translation after the free ones.
SEARCH, TRANSLATION, FREE_TRANSLATIONS = Decimal("0.02"), Decimal("0.01"), 3

UNAUTHORIZED = {
    "error": "Unauthorized",
    "message": "Send a valid bearer token or API key.",
    "code": "UNAUTHENTICATED",
}
UNAVAILABLE = (
    '{"error":"Billing unavailable",'
    '"message":"Billing cannot be reached, so the call was not made. Try again soon.",'
    '"code":"BILLING_UNAVAILABLE"}'
)
TOOL_FAILED = {
    "error": "Tool failed",
    "message": "The tool failed; nothing was charged.",
    "code": "TOOL_FAILED",
}


class Scene(NamedTuple):
    up: dict
    command: list
    server: Server

    def user(self, funds="1"):
        return User(self.up, funds)


class Check(NamedTuple):
    sentence: str
    run: Callable
    # Why it cannot be run here; None: it can.
    skipped: Callable


CHECKS = []


def check(sentence, skipped=lambda: None):
    def add(function):
        CHECKS.append(Check(sentence, function, skipped))
        return function

    return add


def expect_code(reply, status, code):
    expect(reply.status, status, f"the status of the answer ({reply.text})")
    expect(reply.body.get("code"), code, "the code of the answer")
    kind = reply.headers["content-type"].partition(";")[0]
    expect(kind, "application/json", "the answer's content type")


def expect_result(reply, result, billed=True):
    expect(reply.status, 200, f"the status of the answer ({reply.text})")
    expect(reply.body, {"result": result, "billed": billed}, "the answer")


@check("an allowed call is answered, charged once by its price, and found by its trace")
def allowed(scene):
    user, trace = scene.user(), uuid.uuid4().hex
    reply = scene.server.search(user, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    expect_result(reply, "A ruling on land law")
    user.expect_charged([SEARCH], "the history has the charge")
    charge = user.charges()[0]
    named = (charge["tool"], charge["request_id"])
    expect(named, ("search", trace), "the charge names its tool and the caller's trace")
    balance = user.balance()
    expect((balance["balance_usd"], balance["total_requests"]), (1 - SEARCH, 1), "balance and number of requests")


@check("what is held is the estimate, and what is charged is what the call took, into debt if it must be")
def estimated_and_real(scene):
    # 79 characters are estimated as 20 tokens, and are 40: 3 and 6 micros, beside the cent of the budget.
    asked = {"query": " ".join("w" * 40), "budget": "quick"}
    poor, user = scene.user("0.010002"), scene.user("0.010003")
    denied = scene.server.call("summarize", asked, poor.jwt)
    expect_code(denied, 402, "INSUFFICIENT_BALANCE")
    expect(denied.body["balance"]["required_usd"], Decimal("0.010003"), "what the call was estimated to cost")
    expect_result(scene.server.call("summarize", asked, user.jwt), "w w w w w w")
    user.expect_charged(["0.010006"], "the history has what the call took")
    expect(user.balance()["balance_usd"], Decimal("-0.000003"), "the balance is a debt of the rest")


@check("of the reasoning budgets a call pays its own, and `standard` where it names none")
def budgets(scene):
    user = scene.user()
    for budget in ("quick", "standard", "deep", None):
        asked = {"query": "land law"} | ({} if budget is None else {"budget": budget})
        expect_result(scene.server.call("summarize", asked, user.jwt), "land law")
        user.await_ends()
    charged = ["0.050001", "0.250001", "0.050001", "0.010001"]
    user.expect_charged(charged, "the history has the prices of the budgets")


@check("a call beyond the balance is 402 with the exact body, and nothing is charged or held")
def insufficient_balance(scene):
    user = scene.user("0.1")
    reply = scene.server.call("summarize", {"query": "land law", "budget": "deep"}, user.jwt)
    body = (
        '{"error":"Insufficient balance","message":"Required: $0.250001, Available: $0.10",'
        '"code":"INSUFFICIENT_BALANCE",'
        '"balance":{"current_usd":0.1,"required_usd":0.250001,"shortfall_usd":0.150001},'
        '"topup_url":"https://example.com/topup"}'
    )
    expect((reply.status, reply.text), (402, body), "the answer")
    expect(reply.headers["content-type"].partition(";")[0], "application/json", "the answer's content type")
    user.expect_charged([], "the history has no charge")
    expect(user.balance()["available_usd"], Decimal("0.1"), "what is available")


@check("of calls at once as many are made as there is money for, and the others are 402")
def at_once(scene):
    user, calls, paid = scene.user(SEARCH * 3), 9, 3
    with concurrent.futures.ThreadPoolExecutor(calls) as pool:
        replies = list(pool.map(lambda number: scene.server.search(user, f"law {number}"), range(calls)))
    statuses = sorted(reply.status for reply in replies)
    expect(statuses, [200] * paid + [402] * (calls - paid), "the answers")
    user.expect_charged([SEARCH] * paid, "the history has the calls that were made")
    expect(user.balance()["balance_usd"], 0, "the balance")


def use_up_the_day(scene):
    user = scene.user()
    user.gateway("PUT", "/api/billing/settings", {"daily_limit_usd": 0.05, "monthly_limit_usd": 50})
    for made in (1, 2):
        expect_result(scene.server.search(user), "A ruling on land law")
        user.expect_charged([SEARCH] * made, "the history has the calls before")
    before = next_midnight()
    reply = scene.server.search(user)
    return user, reply, before


@check("a call beyond the limit of the day is 429 with the exact body, reset_at and Retry-After")
def daily_limit(scene):
    user, reply, resets_at = use_up_the_day(scene)
    if next_midnight() != resets_at or reply.status == 200:
        # The day has ended meanwhile; it does not do so twice.
        user, reply, resets_at = use_up_the_day(scene)
    body = (
        '{"error":"Daily limit exceeded","message":"Limit: $0.05, Spent: $0.04",'
        '"code":"DAILY_LIMIT_EXCEEDED",'
        '"limits":{"daily_limit_usd":0.05,"daily_spent_usd":0.04,"monthly_limit_usd":50,"monthly_spent_usd":0.04},'
        f'"reset_at":"{resets_at:%Y-%m-%dT%H:%M:%SZ}"}}'
    )
    expect((reply.status, reply.text), (429, body), "the answer")
    left = (resets_at - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    wait = int(reply.headers["retry-after"])
    if not left <= wait <= left + stage.WAIT_SECS:
        raise Failed(f"Retry-After is {wait} s, and until reset_at it is {left:.1f} s")
    user.expect_charged([SEARCH] * 2, "the history has the calls that were made")


@check(
    "a user whose billing is disabled calls without money and is charged nothing",
    skipped=lambda: None if stage.can_disable_billing() else "only gRPC disables it, and Python has no grpc here",
)
def billing_disabled(scene):
    user = scene.user("0")
    expect_code(scene.server.search(user), 402, "INSUFFICIENT_BALANCE")
    stage.set_billing_enabled(scene.up, user, False)
    expect_result(scene.server.search(user), "A ruling on land law")
    user.expect_charged([], "the history has no charge")
    stage.set_billing_enabled(scene.up, user, True)
    expect_code(scene.server.search(user), 402, "INSUFFICIENT_BALANCE")
    expect(user.balance()["balance_usd"], 0, "the balance")


@check("a service that calls by an API key is answered and not billed")
def service(scene):
    for key in stage.API_KEYS.split(","):
        expect_result(scene.server.call("search", {"query": "land law"}, key), "A ruling on land law", billed=False)
    # Its estimate is priced nowhere either.
    asked = {"query": "land law", "budget": "deep"}
    expect_result(scene.server.call("summarize", asked, API_KEY), "land law", billed=False)


@check("whoever has neither a valid JWT nor an API key is 401")
def unauthenticated(scene):
    user, secret, now = f"clients-{uuid.uuid4()}", scene.up["jwt_secret"], int(time.time())
    claims = {"userId": user, "exp": now + 3600}
    header, payload, _ = jwt_of(claims, secret, "none").split(".")
    bearers = {
        "no token": None,
        "an unknown key": "key-of-nobody",
        "an empty key": "",
        "the beginning of a key": API_KEY[:-1],
        "another secret": jwt_of(claims, secret + "x"),
        "a token that has expired": jwt_of(claims | {"exp": now - 3600}, secret),
        "a token that never expires": jwt_of({"userId": user}, secret),
        "a token that names nobody": jwt_of({"id": user, "exp": now + 3600}, secret),
        "a token without a signature": f"{header}.{payload}.",
        "a token that says it has none": jwt_of(claims, secret, "none"),
    }
    for whose, bearer in bearers.items():
        reply = scene.server.call("search", {"query": "land law"}, bearer)
        expect((reply.status, reply.body), (401, UNAUTHORIZED), f"the answer to {whose}")
        expect(reply.headers["www-authenticate"], "Bearer", "the scheme that is asked for")


@check("a call that is sent again with its Idempotency-Key is answered again and charged once, another is not covered")
def repeated(scene):
    # For two searches and no more.
    user, key = scene.user(SEARCH * 2), f"key-{uuid.uuid4()}"
    for _ in range(3):
        expect_result(scene.server.search(user, idempotency_key=key), "A ruling on land law")
        user.expect_charged([SEARCH], "the history has one charge")
    expect_result(scene.server.search(user, "tax law", idempotency_key=key), "A ruling on tax law")
    user.expect_charged([SEARCH] * 2, "the history has both questions")
    expect_code(scene.server.search(user, "family law", idempotency_key=key), 402, "INSUFFICIENT_BALANCE")
    expect_result(scene.server.search(user, idempotency_key=key), "A ruling on land law")
    expect_code(scene.server.search(user, idempotency_key="k" * 256), 400, "INVALID_REQUEST")


@check("a tool that throws is 500, charges nothing and gives back what was held; the next call is charged")
def throws(scene):
    user = scene.user(TRANSLATION)
    for _ in range(FREE_TRANSLATIONS):
        expect_result(scene.server.call("translate", {"query": "право"}, user.jwt), "ПРАВО")
    user.expect_charged([], "the free calls are free")
    # There is money for one call: while it were held, no other could be made.
    for _ in range(2):
        reply = scene.server.call("translate", {"query": "123"}, user.jwt)
        expect((reply.status, reply.body), (500, TOOL_FAILED), "the answer")
        user.expect_charged([], "the history has no charge")
        expect(user.balance()["available_usd"], TRANSLATION, "what is available")
    expect_result(scene.server.call("translate", {"query": "право"}, user.jwt), "ПРАВО")
    user.expect_charged([TRANSLATION], "the history has the call that was made")


@check("an unknown tool is 404 and a question that cannot be read is 400; neither holds anything")
def no_question(scene):
    user = scene.user()
    expect_code(scene.server.call("ping", {"query": "land law"}, user.jwt), 404, "UNKNOWN_TOOL")
    for asked in (b"{", b"[]", {}, {"query": 7}, {"query": "land law", "budget": "endless"}):
        expect_code(scene.server.call("search", asked, user.jwt), 400, "INVALID_REQUEST")
    user.expect_charged([], "the history has no charge")


@check("while billing cannot be reached a user is 503 with the exact body, and a service is answered")
def unavailable(scene):
    user = scene.user()
    with Nobody() as url, Server(scene.command, scene.up, core_url=url) as server:
        reply = server.search(user)
        expect((reply.status, reply.text), (503, UNAVAILABLE), "the answer")
        expect_code(server.search(user, idempotency_key="k"), 503, "BILLING_UNAVAILABLE")
        expect_result(server.call("search", {"query": "land law"}, API_KEY), "A ruling on land law", billed=False)
    user.expect_charged([], "the history has no charge")


@check("after SIGTERM the program tells the core of a call that has just been answered, and ends")
def stopped(scene):
    user = scene.user()
    with Road(scene.up["grpc"]) as road, Server(scene.command, scene.up, core_url=road.url) as server:
        expect_result(server.search(user), "A ruling on land law")
        user.expect_charged([SEARCH], "the history has the first charge")
        # From now on an end is still on its way when its call is answered, and is lost with the connection.
        road.delay = 0.2
        expect_result(server.search(user), "A ruling on land law")
        code = server.stop()
        # uvicorn ends in order, and then by the signal.
        if code not in (0, -15):
            raise Failed(f"the exit code is {code}\n{server.last_words()}")
    # Nobody is left who could charge it later.
    charged = [-charge["amount_usd"] for charge in user.charges()]
    expect(charged, [SEARCH] * 2, "the history has both charges when the program has ended")
