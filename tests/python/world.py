"""What the cases stand on: users of their own, money for them, and calls in few words."""

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Callable, NamedTuple

from contract import Refused

USD = 1_000_000  # micros

WAIT_SECS = 15

# The prices that a run sets, by what they are for.
PRICES = {
    "call": {"per_call_micros": 20_000},
    # 0.15 USD for a million tokens, and a cent for the call.
    "tokens": {
        "per_call_micros": 10_000,
        "unit_prices": [{"unit": "token", "amount_micros": 150_000, "per_units": 1_000_000}],
    },
    # Three units that are a third of a micro each: only their sum is whole.
    "thirds": {
        "unit_prices": [
            {"unit": unit, "amount_micros": 1, "per_units": 3} for unit in ("a", "b", "c")
        ]
    },
    "dear": {"unit_prices": [{"unit": "token", "amount_micros": 1_000, "per_units": 1}]},
    "exempt": {"exempt": True},
    "free": {"per_call_micros": 30_000, "free_calls_per_day": 2},
}


class Case(NamedTuple):
    sentence: str
    run: Callable


CASES = []


def case(sentence):
    """Adds a function to the cases; the sentence is what it proves."""

    def add(function):
        CASES.append(Case(sentence, function))
        return function

    return add


def refused(code, call, reason=None):
    """The refusal that `call` must end with."""
    try:
        answer = call()
    except Refused as refusal:
        assert refusal.code == code, f"expected {code}, got {refusal}"
        assert reason is None or refusal.reason == reason, f"expected {reason}, got {refusal}"
        if refusal.reason is not None:
            assert refusal.domain == "billing", refusal.domain
        return refusal
    raise AssertionError(f"expected {code}, got the answer:\n{answer}")


def await_state(what, reached):
    """What `reached` answers, as soon as that is true."""
    until = time.monotonic() + WAIT_SECS
    while not (state := reached()):
        assert time.monotonic() < until, f"{what}: not within {WAIT_SECS} s"
        time.sleep(0.05)
    return state


def amount(micros):
    return {"amount_micros": micros}


def new_key():
    return f"key-{uuid.uuid4()}"


class User:
    """An account of the demonstration tenant that nobody has used before."""

    def __init__(self, world, funds):
        self.world = world
        self.user_id = f"flow-{uuid.uuid4()}"
        self.account = {"tenant_id": world.up["tenant_id"], "user_id": self.user_id}
        if funds:
            # A welcome grant is the tenant's affair; the cases start from exactly `funds`.
            self.world.admin(
                "AccountService.UpdateSettings", account=self.account, daily_limit={}, monthly_limit={}
            )
            missing = funds - self.balance().settled_micros
            if missing:
                self.adjust(missing)

    def tools(self, method, **request):
        return self.world.tools(f"BalanceService.{method}", account=self.account, **request)

    def admin(self, method, **request):
        return self.world.admin(f"AccountService.{method}", account=self.account, **request)

    def adjust(self, micros):
        return self.admin(
            "AdjustBalance",
            idempotency_key=new_key(),
            amount_micros=micros,
            reason="a test of the whole flow",
            actor="flow.py",
        )

    def balance(self):
        return self.tools("GetBalance").balance

    def check(self, cost):
        return self.tools("CheckBalance", cost=cost)

    def hold(self, cost, key=None, **more):
        return self.tools("PlaceHold", idempotency_key=key or new_key(), cost=cost, **more)

    def capture(self, hold_id, cost, **more):
        return self.tools("CaptureHold", hold_id=hold_id, cost=cost, **more)

    def charge(self, cost, key=None, **more):
        return self.tools("Charge", idempotency_key=key or new_key(), cost=cost, **more)

    def refund(self, entry_id, key=None, **more):
        return self.tools("RefundCharge", idempotency_key=key or new_key(), entry_id=entry_id, **more)

    def entries(self, **filters):
        return self.tools("ListEntries", **filters)


class World:
    """The running core and gateway, with the tokens to call them."""

    def __init__(self, up, channel, contract):
        self.up = up
        self.channel = channel
        self.contract = contract
        self.names = {}
        self.set_prices()

    def tools(self, method, **request):
        return self.contract.call(self.up["tools_token"], method, **request)

    def gateway(self, method, **request):
        return self.contract.call(self.up["gateway_token"], method, **request)

    def admin(self, method, **request):
        return self.contract.call(self.up["admin_token"], method, **request)

    def user(self, funds=10 * USD):
        return User(self, funds)

    def set_prices(self):
        """Sets the price of every tool of PRICES, under a name of this run; they hold soon."""
        run = uuid.uuid4()
        for kind, price in PRICES.items():
            tool = f"flow-{kind}-{run}"
            answer = self.admin(
                "PriceService.SetPrice", tenant_id=self.up["tenant_id"], tool=tool, **price
            )
            assert answer.price.version == 1, answer
            self.names[kind] = tool

    def tool(self, kind, **quantities):
        """The cost of a use of a tool of PRICES, as soon as its price holds."""
        tool = self.names[kind]
        units = {unit["unit"]: 0 for unit in PRICES[kind].get("unit_prices", ())}
        usage = {"name": tool, "quantities": units | quantities}

        def priced():
            known = {"name": tool, "quantities": units}
            return self.tools(
                "PriceService.EstimateCost", tenant_id=self.up["tenant_id"], tool=known
            ).priced

        await_state(f"the price of {tool} holds", priced)
        return {"tool": usage}

    def jwt_of(self, user_id, **more):
        """The JWT that `up` printed, issued anew for another user, with more claims."""
        header, claims, _ = self.up["jwt"].split(".")
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        user_claims = [name for name, value in claims.items() if value == self.up["user_id"]]
        assert user_claims, f"no claim of the JWT is the user's id: {sorted(claims)}"
        for name in user_claims:
            claims[name] = user_id
        claims |= more
        claims = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        signed = f"{header}.{claims}"
        digest = hmac.digest(self.up["jwt_secret"].encode(), signed.encode(), hashlib.sha256)
        return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    def rest(self, path, jwt=None, method="GET", body=None):
        """Status and JSON of the gateway's answer; numbers are kept as their text."""
        base = self.up["gateway"].rstrip("/")
        base = base if base.startswith("http") else f"http://{base}"
        headers = {"content-type": "application/json"} if body is not None else {}
        if jwt:
            headers["authorization"] = f"Bearer {jwt}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(base + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read(), parse_float=str, parse_int=str)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read(), parse_float=str, parse_int=str)


def usd(micros):
    """An amount as the REST surface writes it."""
    sign = "-" if micros < 0 else ""
    whole, fraction = divmod(abs(micros), USD)
    decimals = f"{fraction:06}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
