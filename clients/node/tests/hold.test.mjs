import assert from "node:assert/strict";
import test from "node:test";

import { CoreError } from "../dist/esm/core.js";
import { exactCost } from "../dist/esm/cost.js";
import { Call } from "../dist/esm/hold.js";
import { CaptureError } from "../dist/esm/refusal.js";
import { traceOf } from "../dist/esm/trace.js";

const HOLD = { kind: "hold", holdId: "h1", captured: false };

/** A call, and what it asks of its till. */
function callWith(passage, { estimate = {}, ...more } = {}) {
  const seen = [];
  const settled = (end) =>
    seen.push(`${end.kind} ${end.amountMicros ?? JSON.stringify(end.quantities)} ${end.passedMicros}`);
  const till = {
    tenant: "demo",
    holdTtlMs: 60_000,
    extend: async () => void seen.push("extend"),
    settle: async (end) => void settled(end),
    settleNow: async (end) => {
      settled(end);
      return { chargedMicros: 1n, balanceMicros: 2n };
    },
    ended: () => seen.push("ended"),
    unpass: (micros) => seen.push(`unpass ${micros}`),
    warn: (_tool, reason) => seen.push(`warn ${reason}`),
    ...more,
  };
  const details = { user: "u", tool: "search", key: "k", trace: traceOf(undefined), passage };
  return { call: new Call(till, { ...details, estimate: exactCost(estimate, "search") }), seen };
}

test("a call ends once, as reported last", async () => {
  const { call, seen } = callWith(HOLD, { estimate: { tokens: 3 } });
  call.report({ tokens: 4 });
  call.report({ tokens: 5n });
  await Promise.all([call.end(), call.end(), call.abandon()]);
  assert.deepEqual(seen, ['capture {"tokens":"5"} 0', "ended"]);
});

test("a call that reports nothing is charged as estimated, which is said where there are quantities", async () => {
  const silent = callWith(HOLD, { estimate: { tokens: 3 } });
  await silent.call.end();
  assert.deepEqual(silent.seen, ["warn NOTHING_REPORTED", 'capture {"tokens":"3"} 0', "ended"]);
  const byCall = callWith(HOLD);
  await byCall.call.end();
  assert.deepEqual(byCall.seen, ["capture {} 0", "ended"]);
});

test("a call that has failed gives its hold back, unless it was captured", async () => {
  const failed = callWith(HOLD);
  await failed.call.abandon();
  assert.deepEqual(failed.seen, ["release {} 0", "ended"]);
  const captured = callWith(HOLD);
  assert.deepEqual(await captured.call.capture({ amountMicros: 7 }), { chargedMicros: 1n, balanceMicros: 2n });
  await captured.call.capture();
  await captured.call.abandon();
  assert.deepEqual(captured.seen, ["capture 7 0", "ended"]);
  const repeated = callWith({ ...HOLD, captured: true });
  await repeated.call.abandon();
  assert.deepEqual(repeated.seen, ["ended"]);
});

test("what passed without a decision is given back once, or charged", async () => {
  const failed = callWith({ kind: "open", micros: 20n });
  await failed.call.abandon();
  await failed.call.capture();
  assert.deepEqual(failed.seen, ["unpass 20", "ended", "charge {} 0"]);
  const charged = callWith({ kind: "open", micros: 20n });
  await charged.call.end();
  await charged.call.capture();
  assert.deepEqual(charged.seen, ["charge {} 20", "ended", "charge {} 0"]);
});

test("the end of a call that passed without a decision has its placement, and no other end has one", async () => {
  const ends = [];
  const settle = async (end) => void ends.push(end);
  for (const passage of [{ kind: "open", micros: 20n }, HOLD]) {
    const { call } = callWith(passage, { estimate: { tokens: 3 }, settle });
    call.report({ tokens: 5 });
    await call.end();
  }
  const [open, held] = JSON.parse(JSON.stringify(ends));
  assert.deepEqual([open.kind, open.key, open.quantities], ["charge", "k", { tokens: "5" }]);
  assert.deepEqual(open.placement, { amountMicros: null, quantities: { tokens: "3" }, ttlMs: "60000" });
  assert.deepEqual([held.kind, held.quantities, held.placement], ["capture", { tokens: "5" }, null]);
});

test("a call that passes unbilled checks its reports and does nothing else", async () => {
  const { call, seen } = callWith({ kind: "unbilled" });
  assert.equal(call.billed, false);
  assert.throws(() => call.report({ tokens: -1 }), { name: "CostError" });
  await assert.rejects(call.capture({ tokens: 1.5 }), { name: "CostError" });
  assert.equal(await call.capture({ tokens: 1 }), null);
  await call.end();
  assert.deepEqual(seen, []);
});

test("a capture that nobody awaits ends no process", async () => {
  const settleNow = async () => {
    throw new CaptureError("away", true);
  };
  const { call, seen } = callWith(HOLD, { settleNow });
  void call.capture();
  await new Promise(setImmediate);
  await assert.rejects(call.capture(), { name: "CaptureError", kept: true });
  assert.deepEqual(seen, ["ended"]);
});

test("a hold is extended each third of its ttl until the call has ended, or the hold is lost", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pass = async (call, times) => {
    for (let i = 0; i < times; i++) {
      t.mock.timers.tick(20_000);
      await new Promise(setImmediate);
    }
    return call;
  };
  const { call, seen } = callWith(HOLD);
  await pass(call, 2);
  await call.end();
  await pass(call, 2);
  assert.deepEqual(seen, ["extend", "extend", "capture {} 0", "ended"]);
  const extend = async () => {
    throw new CoreError("FAILED_PRECONDITION", "HOLD_ENDED", {}, "it has expired");
  };
  const lost = callWith(HOLD, { extend });
  await pass(lost.call, 3);
  await lost.call.end();
  assert.deepEqual(lost.seen, ["warn EXTEND FAILED_PRECONDITION", "capture {} 0", "ended"]);
});
