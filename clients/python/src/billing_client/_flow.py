"""The steps of a call, as it asks the core, and nothing of how they are sent.

Each flow is a generator. It yields a `Send` and is given the answer (or has a `CallFailed` thrown into it), yields
seconds to pause, or a `Hook` to run. The clients drive them: blocking, on a background thread, or with asyncio.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Generator, Mapping
from typing import Any, TypeAlias, TypeVar

from google.protobuf.message import Message

from billing_client import _key
from billing_client._call import CallState
from billing_client._gen.billing.v1 import account_pb2 as account
from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._log import Log
from billing_client._rpc import BALANCE, CHECK, EXTEND, PLACE, CallFailed, Hook, Metadata, Send
from billing_client._state import State
from billing_client._trace import trace
from billing_client._usage import AMOUNT, cost, exact
from billing_client.denial import Decided, Unclear, denial
from billing_client.refusals import (
    BillingUnavailable,
    CallRepeated,
    Denied,
    HoldEnded,
    KeyReused,
    Refused,
    Unauthenticated,
)
from billing_client.settings import Settings

_T = TypeVar("_T")
Step: TypeAlias = Send | Hook | float
Flow: TypeAlias = Generator[Step, Any, _T]

_PAUSE_SECS, _PAUSE_MAX_SECS = 0.025, 0.4


def ask(method: int, message: Message, within: float, metadata: Metadata) -> Flow[Any]:
    """Sends a message until it is answered, at most `within` seconds. CallFailed.

    Only what reads, has a key or names a hold is sent, so all of it may be sent again.
    """
    deadline = time.monotonic() + within
    timeout, pause, paused = within, _PAUSE_SECS, 0.0
    while True:
        try:
            return (yield Send(method, message, timeout, metadata))
        except CallFailed as failure:
            if not failure.may_help:
                raise
            varied = pause * random.uniform(0.5, 1)
            paused += varied
            # Pauses take at most half of the time, so that the last try has time for its answer.
            if paused > within / 2 or time.monotonic() + varied >= deadline:
                raise
        yield varied
        pause = min(pause * 2, _PAUSE_MAX_SECS)
        timeout = max(0.001, deadline - time.monotonic())


def duration(seconds: float) -> Mapping[str, int]:
    """A google.protobuf.Duration."""
    whole, fraction = divmod(seconds, 1)
    return {"seconds": int(whole), "nanos": int(fraction * 1e9)}


def placement(
    who: account.AccountRef, key: str, estimated: balance.Cost, ttl: Mapping[str, int], trace_id: str
) -> balance.PlaceHoldRequest:
    """One key, cost and ttl: the core takes the same key with others for another call."""
    return balance.PlaceHoldRequest(
        account=who, idempotency_key=key, cost=estimated, ttl=ttl, request_id=trace_id
    )


class Decisions:
    """May this call be made?"""

    def __init__(self, settings: Settings, state: State, log: Log) -> None:
        self.settings = settings
        self.state = state
        self.log = log
        self._authorization = ("authorization", f"Bearer {settings.token}")
        self._ttl = duration(settings.hold_ttl)
        self._decides_within = settings.decision_deadline

    def metadata(self, traceparent: str) -> Metadata:
        return (self._authorization, ("traceparent", traceparent))

    def account(self, user: str) -> account.AccountRef:
        return account.AccountRef(tenant_id=self.settings.tenant, user_id=user)

    def prepare(
        self,
        call: CallState,
        user: str | int | None,
        estimate: Any,
        idempotency_key: str | bytes | None,
        request: str | bytes | None,
        traceparent: str | None,
    ) -> bool:
        """Reads who calls and how much it will take. False: it passes unbilled. Refused, ReportError."""
        if call.begun:
            raise RuntimeError(f"{call.tool}: a call is entered once")
        call.begun = True
        if estimate is not None:
            call.estimate = exact(call.tool, estimate)
        if user is None or user == "":
            if self.settings.without_user == "refuse":
                raise Unauthenticated
            call.mode = "unbilled"
        call.user = "" if user is None else str(user)
        call.traceparent, call.trace_id = trace(traceparent)
        if call.mode:
            return False
        if idempotency_key is None:
            call.key = _key.fresh()
        else:
            call.key = _key.callers(idempotency_key, call.tool, request, call.estimate)
            call.by_caller = True
        call._metadata = self.metadata(call.traceparent)
        call._account = self.account(call.user)
        call._cost = cost(call.tool, call.estimate)
        return True

    def admit(self, call: CallState) -> Flow[None]:
        """Check and placement. Refused: the call may not be made."""
        try:
            # A call that was made before was paid before: only the placement knows it, by the key.
            if not call.by_caller:
                check = balance.CheckBalanceRequest(account=call._account, cost=call._cost)
                self._allowed(call, (yield from ask(CHECK, check, self._decides_within, call._metadata)))
            yield from self._place(call, self._decides_within)
        except CallFailed as failure:
            if not self._passes_open(call, failure):
                raise self._refusal(call, failure) from failure
        except Unclear as unclear:
            self.log.limited(logging.ERROR, call.tool, "unclear", f"billing is not understood: {unclear}")
            raise BillingUnavailable from unclear

    def _place(self, call: CallState, within: float) -> Flow[None]:
        place = placement(call._account, call.key, call._cost, self._ttl, call.trace_id)
        call.placing = True
        placed = yield from ask(PLACE, place, within, call._metadata)
        call.placing = False
        self._allowed(call, placed)
        if not placed.HasField("hold"):
            raise Unclear("the core's answer lacks a hold")
        state = placed.hold.state
        if state == balance.HOLD_STATE_CAPTURED:
            # Made and charged before; capturing again charges nothing more and gives the first answer.
            if self.settings.repeats == "refuse":
                raise CallRepeated
            call.replayed = "captured"
        elif state in (balance.HOLD_STATE_RELEASED, balance.HOLD_STATE_EXPIRED):
            raise HoldEnded
        elif state != balance.HOLD_STATE_PLACED:
            raise Unclear("the core's answer lacks the state of a hold")
        elif placed.replayed:
            call.replayed = "placed"
        call.hold_id = placed.hold.hold_id
        call.mode = "held"

    def place_again(self, call: CallState) -> Flow[bool]:
        """Finds the hold of a placement that nobody waited for. False: there is none to release."""
        try:
            yield from self._place(call, self.settings.ending_deadline)
        except (CallFailed, Unclear, Refused):
            return False
        return call.replayed != "captured"

    def extend(self, call: CallState) -> Flow[bool]:
        """Lets the hold live longer. False: it has ended."""
        message = balance.ExtendHoldRequest(account=call._account, hold_id=call.hold_id, ttl=self._ttl)
        try:
            yield from ask(EXTEND, message, self.settings.ending_deadline, call._metadata)
        except CallFailed as failure:
            # A call that has just ended has ended its hold.
            if call.working:
                self.log.limited(logging.WARNING, call.tool, "extend", f"a hold was not extended: {failure}")
            return not failure.settles_an_end
        return True

    def balance(self, call: CallState) -> Flow[int]:
        """The account's settled balance now, in micros."""
        message = balance.GetBalanceRequest(account=call._account)
        answer = yield from ask(BALANCE, message, self.settings.ending_deadline, call._metadata)
        return int(answer.balance.settled_micros)

    def denial(self, answer: Decided) -> Denied | None:
        return denial(answer, self.settings.topup_url, self.settings.unpriced)

    def _allowed(self, call: CallState, answer: Decided) -> None:
        if self.settings.allow_up_to_micros:
            self.state.note(call.tool, answer.required_micros)
        denied = self.denial(answer)
        if denied is not None:
            raise denied

    def _passes_open(self, call: CallState, failure: CallFailed) -> bool:
        if failure.is_refusal or not self.settings.allow_up_to_micros:
            return False
        passed = self.state.open(call.tool, call.estimate.get(AMOUNT))
        if passed is None:
            return False
        call.open_micros = passed
        call.mode = "open"
        text = f"a call passes while billing gives no decision, to be charged later: {failure}"
        self.log.limited(logging.WARNING, call.tool, f"open {failure.code.name}", text)
        return True

    def _refusal(self, call: CallState, failure: CallFailed) -> Refused:
        """The reason, not the text, says what a refusal means."""
        if failure.reason == "IDEMPOTENCY_KEY_REUSED":
            return KeyReused()
        if failure.reason == "HOLD_ENDED":
            return HoldEnded()
        reason = f"{failure.code.name} {failure.reason}"
        self.log.limited(logging.ERROR, call.tool, reason, f"billing is not available: {failure}")
        return BillingUnavailable()
