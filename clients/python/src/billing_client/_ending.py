"""How calls end: captured, released or charged; at once, or later where the core does not answer."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Any

from billing_client._call import CallState, Charged
from billing_client._end import End, Store
from billing_client._flow import Decisions, Flow, ask, duration, placement
from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._rpc import CAPTURE, CHARGE, PLACE, RELEASE, CallFailed, Hook
from billing_client._usage import AMOUNT, cost, exact
from billing_client.denial import Unclear
from billing_client.refusals import BillingUnavailable, Refused

OnLost = Callable[[End, str], Any]

_PAUSE_SECS, _PAUSE_MAX_SECS = 0.5, 30.0


class Endings:
    """Ends calls. Whatever is not delivered is kept and sent again."""

    def __init__(self, decisions: Decisions, store: Store | None, on_lost: OnLost | None) -> None:
        self._decisions = decisions
        self._state = decisions.state
        self._log = decisions.log
        self._store = store
        self._on_lost = on_lost
        self._within = decisions.settings.ending_deadline

    def end(self, call: CallState, well: bool) -> End | None:
        """The end that a call now needs. None: it was captured, or there is nothing to end."""
        if call.captured is not None or call.mode in ("", "unbilled"):
            return None
        if (well and not call.given_up) or call.capturing:
            return self._owed(call, call._take_open())
        if call.mode == "open":
            self._state.billed(call._take_open())
            return None
        # A repeat's hold was captured before, and stays so.
        if call.replayed == "captured":
            return None
        return End("release", call.user, call.tool, call.key, call.hold_id, {}, call.trace_id, call.traceparent)

    def capture(self, call: CallState, usage: object) -> Flow[Charged | None]:
        """Captures at once. None: the call is not billed. ReportError; Refused: it is not captured yet, or never."""
        taken = exact(call.tool, usage)
        if call.captured is not None:
            if taken != call.reported:
                self._log.limited(logging.WARNING, call.tool, "captured", "a second capture changes nothing")
            return call.captured
        call.reported = taken
        if call.mode == "unbilled":
            return None
        if not call.mode:
            raise RuntimeError(f"{call.tool}: a call is captured within its block")
        call.capturing = True
        end = self._owed(call, 0)
        try:
            answer = yield from self._attempt(end)
            charged = yield from self._charged(call, answer)
        except CallFailed as failure:
            # Without an answer, the end of the call delivers it.
            call.capturing = not failure.settles_an_end
            reason = f"capture {failure.code.name} {failure.reason}"
            self._log.limited(logging.ERROR, call.tool, reason, f"a capture is not answered: {failure}")
            raise BillingUnavailable from failure
        except (Refused, Unclear) as denied:
            # The charge without a hold is denied: nothing is left that could be ended.
            call.capturing = False
            call.captured = Charged(0, 0)
            self._state.billed(call._take_open())
            yield from self._lose(end, str(denied))
            raise BillingUnavailable from denied
        call.capturing = False
        call.captured = charged
        self._state.billed(call._take_open())
        return charged

    def deliver(self, end: End, kept: bool = False) -> Flow[None]:
        """Sends an end until the core has answered. `kept`: it comes from the store."""
        first, pause, lost = not kept, _PAUSE_SECS, ""
        try:
            while True:
                try:
                    yield from self._attempt(end)
                    break
                except CallFailed as failure:
                    if failure.settles_an_end:
                        lost = str(failure)
                        break
                    if not kept:
                        lost = yield from self._keep(end, failure)
                        kept = self._state.keeps(end)
                        if not kept:
                            break
                except (Refused, Unclear) as denied:
                    lost = str(denied)
                    break
                if first:
                    first = False
                    self._state.done()
                yield pause * random.uniform(0.5, 1)
                pause = min(pause * 2, _PAUSE_MAX_SECS)
                if not self._state.keeps(end):
                    # It had to make room, and is lost.
                    return
            if kept:
                yield from self._stored("remove", end.id)
            if lost:
                yield from self._lose(end, lost)
            else:
                self._state.billed(end.open_micros)
            self._state.forget(end)
        finally:
            if first:
                self._state.done()

    def load(self) -> Flow[list[End]]:
        """The ends that an earlier process has left in the store."""
        records = yield from self._stored("load")
        try:
            records = list(records or ())
        except Exception as error:  # It may be read only now, and is the backend's as any hook.
            self._log.error(f"load has failed: {error!r}")
            return []
        ends = []
        for record in records:
            try:
                end = End.of_record(record)
            except TypeError as error:
                self._log.error(f"an end in the store is not understood: {error}")
                continue
            # Counted before it may be lost, which gives it back.
            self._state.reopen(end)
            dropped = self._state.keep(end)
            if dropped is not None:
                yield from self._lose(dropped, "the backlog is full")
            elif not self._state.keeps(end):
                self._state.billed(end.open_micros)
            ends.append(end)
        return [end for end in ends if self._state.keeps(end)]

    def _owed(self, call: CallState, open_micros: int) -> End:
        """The end of a call that is charged, as reported or else as estimated."""
        usage = call.reported
        if usage is None:
            usage = call.estimate
            if usage and AMOUNT not in usage:
                text = "nothing was reported, so the call is charged as estimated"
                self._log.limited(logging.WARNING, call.tool, "nothing reported", text)
        if call.mode == "held":
            return End("capture", call.user, call.tool, call.key, call.hold_id, usage, call.trace_id, call.traceparent)
        before = call.owed
        call.owed = End(
            "charge", call.user, call.tool, call.key, "", usage, call.trace_id, call.traceparent,
            estimate=call.estimate,
            hold_ttl=self._decisions.settings.hold_ttl,
            open_micros=open_micros,
            denied=before is not None and before.denied,
        )  # fmt: skip
        return call.owed

    def _attempt(self, end: End) -> Flow[Any]:
        """The core's answer; None: it had ended before. CallFailed, Denied, Unclear."""
        if end.kind == "release":
            return (yield from self._release(end))
        if end.kind == "capture":
            return (yield from self._capture(end, end.hold_id))
        hold = None if end.denied else (yield from self._place(end))
        if hold is None:
            return (yield from self._charge(end, ""))
        # By an attempt of this end whose answer was lost, or by another call of the same key.
        if hold.state == balance.HOLD_STATE_CAPTURED:
            return None
        return (yield from self._capture(end, hold.hold_id))

    def _place(self, end: End) -> Flow[balance.Hold | None]:
        """The hold of a call that passed without one; None: it gets none, and never will. CallFailed."""
        who = self._decisions.account(end.user)
        ttl = duration(end.hold_ttl)
        place = placement(who, end.key, cost(end.tool, end.estimate), ttl, end.request_id)
        try:
            placed: balance.PlaceHoldResponse = yield from ask(
                PLACE, place, self._within, self._decisions.metadata(end.traceparent)
            )
            if self._decisions.denial(placed) is None and placed.HasField("hold"):
                return placed.hold
        except Unclear:
            pass
        except CallFailed as failure:
            if not failure.settles_an_end:
                raise
        end.denied = True
        if self._state.keeps(end):
            yield from self._stored("save", end.id, end.record())
        return None

    def _capture(self, end: End, hold_id: str) -> Flow[Any]:
        capture = balance.CaptureHoldRequest(
            account=self._decisions.account(end.user),
            hold_id=hold_id,
            cost=cost(end.tool, end.usage),
            overage_policy=balance.OVERAGE_POLICY_ALLOW_DEBT,
            settle_expired=True,
        )
        try:
            return (yield from ask(CAPTURE, capture, self._within, self._decisions.metadata(end.traceparent)))
        except CallFailed as failure:
            if not failure.hold_is_gone:
                raise
            # Captured before with another content.
            if failure.state == "CAPTURED":
                return None
        # The work was done, and its hold is lost.
        return (yield from self._charge(end, ":late"))

    def _release(self, end: End) -> Flow[Any]:
        release = balance.ReleaseHoldRequest(account=self._decisions.account(end.user), hold_id=end.hold_id)
        try:
            return (yield from ask(RELEASE, release, self._within, self._decisions.metadata(end.traceparent)))
        except CallFailed as failure:
            if not failure.hold_is_gone:
                raise
            return None

    def _charge(self, end: End, suffix: str) -> Flow[Any]:
        """Charges without a hold, by the key with the suffix."""
        # The core charges no amount of 0.
        if end.usage.get(AMOUNT) == 0:
            return None
        charge = balance.ChargeRequest(
            account=self._decisions.account(end.user),
            idempotency_key=end.key + suffix,
            cost=cost(end.tool, end.usage),
            overage_policy=balance.OVERAGE_POLICY_ALLOW_DEBT,
            request_id=end.request_id,
        )
        try:
            answer = yield from ask(CHARGE, charge, self._within, self._decisions.metadata(end.traceparent))
        except CallFailed as failure:
            # The same call was charged before, with another content.
            if failure.reason == "IDEMPOTENCY_KEY_REUSED":
                return None
            raise
        denied = self._decisions.denial(answer)
        if denied is not None:
            raise denied
        return answer

    def _charged(self, call: CallState, answer: Any) -> Flow[Charged]:
        if answer is None:
            return Charged(0, (yield from self._decisions.balance(call)))
        return Charged(answer.charged_micros, answer.balance.settled_micros)

    def _keep(self, end: End, failure: CallFailed) -> Flow[str]:
        """Keeps an end that was not delivered. Why it is lost; empty: it is kept, or another of its id is."""
        self._log.limited(logging.WARNING, end.tool, f"kept {failure.code.name}", f"a {end.kind} is kept: {failure}")
        dropped = self._state.keep(end)
        if dropped is end:
            return "the backlog is full"
        if dropped is not None:
            yield from self._stored("remove", dropped.id)
            yield from self._lose(dropped, "the backlog is full")
        if self._state.keeps(end):
            yield from self._stored("save", end.id, end.record())
        return ""

    def _lose(self, end: End, why: str) -> Flow[None]:
        self._state.billed(end.open_micros)
        account = f"{self._decisions.settings.tenant}/{end.user}"
        hold = f", hold {end.hold_id}" if end.hold_id else ""
        self._log.error(f"{end.tool}: a {end.kind} of account {account} is lost{hold}, {dict(end.usage)}: {why}")
        yield from self._hook("on_lost", self._on_lost, end, why)

    def _stored(self, name: str, *arguments: Any) -> Flow[Any]:
        return (yield from self._hook(name, getattr(self._store, name, None), *arguments))

    def _hook(self, name: str, run: Callable[..., Any] | None, *arguments: Any) -> Flow[Any]:
        if run is None:
            return None
        try:
            return (yield Hook(run, arguments))
        except Exception as error:  # A hook is the backend's: whatever it raises must not stop an end.
            self._log.error(f"{name} has failed: {error!r}")
            return None
