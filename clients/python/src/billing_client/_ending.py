"""How calls end: captured, released or charged; at once, or later where the core does not answer."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from billing_client._call import CallState, Charged
from billing_client._end import End, Store
from billing_client._flow import Decisions, Flow, ask
from billing_client._gen.billing.v1 import balance_pb2 as balance
from billing_client._rpc import CAPTURE, CHARGE, RELEASE, CallFailed, Hook
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
        if (not well or call.given_up) and not call.capturing:
            if call.mode == "open":
                self._state.billed(call.open_micros)
                return None
            # A repeat's hold was captured before, and stays so.
            return None if call.replayed == "captured" else self._end(call, "release", {})
        usage = call.reported
        if usage is None:
            usage = call.estimate
            if usage and AMOUNT not in usage:
                text = "nothing was reported, so the call is charged as estimated"
                self._log.limited(logging.WARNING, call.tool, "nothing reported", text)
        if call.mode == "held":
            return self._end(call, "capture", usage)
        if usage.get(AMOUNT) == 0:
            self._state.billed(call.open_micros)
            return None
        return self._end(call, "charge", usage)

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
        call.capturing = True
        end = self.end(call, True)
        try:
            answer = None if end is None else (yield from self._attempt(end))
            charged = yield from self._charged(call, answer)
        except CallFailed as failure:
            # Without an answer, the end of the call delivers it.
            call.capturing = not failure.is_refusal
            reason = f"capture {failure.code.name} {failure.reason}"
            self._log.limited(logging.ERROR, call.tool, reason, f"a capture is not answered: {failure}")
            raise BillingUnavailable from failure
        except (Refused, Unclear) as denied:
            # The late charge is denied: nothing is left that could be ended.
            call.capturing = False
            call.captured = Charged(0, 0)
            if end is not None:
                yield from self._lose(end, str(denied))
            raise BillingUnavailable from denied
        if end is not None:
            self._state.billed(end.open_micros)
        call.capturing = False
        call.captured = charged
        return charged

    def deliver(self, end: End, kept: bool = False) -> Flow[None]:
        """Sends an end until the core has answered. `kept`: it comes from the store."""
        first, pause = not kept, _PAUSE_SECS
        try:
            while True:
                lost = None
                try:
                    yield from self._attempt(end)
                except CallFailed as failure:
                    if not failure.is_refusal:
                        lost = "" if kept else (yield from self._keep(end, failure))
                        kept = True
                    else:
                        lost = str(failure)
                except (Refused, Unclear) as denied:
                    lost = str(denied)
                if lost != "":
                    break
                if first:
                    first = False
                    self._state.done()
                yield pause * random.uniform(0.5, 1)
                pause = min(pause * 2, _PAUSE_MAX_SECS)
                if not self._state.keeps(end):
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
        ends = []
        for record in records or ():
            try:
                end = End.of_record(record)
            except TypeError as error:
                self._log.error(f"an end in the store is not understood: {error}")
                continue
            dropped = self._state.keep(end)
            if dropped is not None:
                yield from self._lose(dropped, "the backlog is full")
            if dropped is not end:
                self._state.reopen(end)
                ends.append(end)
        return ends

    def _end(self, call: CallState, kind: Any, usage: Mapping[str, int]) -> End:
        key = f"{call.key}:open" if kind == "charge" else call.key
        return End(
            kind, call.user, call.tool, key, call.hold_id, usage, call.trace_id, call.traceparent, call.open_micros
        )  # fmt: skip

    def _attempt(self, end: End) -> Flow[Any]:
        """The core's answer; None: it had ended before. CallFailed, Denied, Unclear."""
        if end.kind == "charge":
            return (yield from self._charge(end))
        who = self._decisions.account(end.user)
        metadata = self._decisions.metadata(end.traceparent)
        try:
            if end.kind == "release":
                release = balance.ReleaseHoldRequest(account=who, hold_id=end.hold_id)
                return (yield from ask(RELEASE, release, self._within, metadata))
            capture = balance.CaptureHoldRequest(
                account=who,
                hold_id=end.hold_id,
                cost=cost(end.tool, end.usage),
                overage_policy=balance.OVERAGE_POLICY_ALLOW_DEBT,
                settle_expired=True,
            )
            return (yield from ask(CAPTURE, capture, self._within, metadata))
        except CallFailed as failure:
            if failure.reason not in ("HOLD_ENDED", "HOLD_NOT_FOUND"):
                raise
            # Captured before with another content, or nothing is left to release.
            if end.kind == "release" or failure.state == "CAPTURED" or end.usage.get(AMOUNT) == 0:
                return None
        # The work was done, and its hold is lost.
        return (yield from self._charge(replace(end, key=f"{end.key}:late")))

    def _charge(self, end: End) -> Flow[Any]:
        charge = balance.ChargeRequest(
            account=self._decisions.account(end.user),
            idempotency_key=end.key,
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
        """Keeps an end that was not delivered. Why it is lost; empty: it is kept."""
        self._log.limited(logging.WARNING, end.tool, f"kept {failure.code.name}", f"a {end.kind} is kept: {failure}")
        dropped = self._state.keep(end)
        if dropped is end:
            return "the backlog is full"
        if dropped is not None:
            yield from self._stored("remove", dropped.id)
            yield from self._lose(dropped, "the backlog is full")
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
