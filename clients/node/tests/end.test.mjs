import assert from "node:assert/strict";
import test from "node:test";

import { CoreError } from "../dist/esm/core.js";
import { deliver } from "../dist/esm/end.js";
import { Decision, HoldState, OveragePolicy } from "../dist/esm/messages.js";

/** The end of a call that passed without a decision. */
const OPEN = {
  id: "charge:u:k",
  kind: "charge",
  tenant: "demo",
  user: "u",
  tool: "search",
  holdId: null,
  key: "k",
  amountMicros: "15",
  quantities: null,
  placement: { amountMicros: "30", quantities: null, ttlMs: "1500" },
  requestId: "r",
  traceparent: "t",
  passedMicros: "30",
};
const ACCOUNT = { tenantId: "demo", userId: "u" };
const BALANCE = { settledMicros: 85n };
const CHARGED = { decision: Decision.ALLOWED, chargedMicros: 15n, balance: BALANCE };

/** A core that gives each RPC's answers one after the other, and what it was sent. */
function coreWith(answers) {
  const core = {};
  const sent = [];
  for (const [rpc, left] of Object.entries(answers)) {
    core[rpc] = async (request) => {
      sent.push({ rpc, ...request });
      const answer = left.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    };
  }
  return { core, sent };
}

function held(state) {
  return { decision: Decision.ALLOWED, hold: { holdId: "h1", state } };
}

/** What became of an end, and the end that is to be sent if it is to be sent again. */
async function send(end, core) {
  let next = end;
  const onUnplaced = async (unplaced) => {
    next = unplaced;
  };
  const result = await deliver(end, { core, deadlineMs: 1_000, onUnplaced }).catch((error) => error);
  return { result, next };
}

test("a call that passed without a decision is placed by its key as estimated, and captured as reported", async () => {
  const captured = { chargedMicros: 15n, balance: BALANCE };
  const { core, sent } = coreWith({ placeHold: [held(HoldState.PLACED)], captureHold: [captured] });
  const { result } = await send(OPEN, core);
  assert.deepEqual(result, { chargedMicros: 15n, balanceMicros: 85n });
  assert.deepEqual(sent, [
    {
      rpc: "placeHold",
      account: ACCOUNT,
      idempotencyKey: "k",
      cost: { cost: { case: "amountMicros", value: 30n } },
      ttl: { seconds: 1n, nanos: 500_000_000 },
      requestId: "r",
    },
    {
      rpc: "captureHold",
      account: ACCOUNT,
      holdId: "h1",
      cost: { cost: { case: "amountMicros", value: 15n } },
      overagePolicy: OveragePolicy.ALLOW_DEBT,
      settleExpired: true,
    },
  ]);
});

test("a call that was charged before it passed without a decision is not charged again", async () => {
  const { core, sent } = coreWith({ placeHold: [held(HoldState.CAPTURED)], getBalance: [{ balance: BALANCE }] });
  const { result } = await send(OPEN, core);
  assert.deepEqual(result, { chargedMicros: 0n, balanceMicros: 85n });
  assert.deepEqual(
    sent.map(({ rpc }) => rpc),
    ["placeHold", "getBalance"],
  );
});

test("a hold that ended without a charge is captured, and charged late where it was released", async () => {
  const expired = coreWith({ placeHold: [held(HoldState.EXPIRED)], captureHold: [CHARGED] });
  assert.equal((await send(OPEN, expired.core)).result.chargedMicros, 15n);
  const ended = new CoreError("FAILED_PRECONDITION", "HOLD_ENDED", { state: "RELEASED" }, "it was released");
  const { core, sent } = coreWith({ placeHold: [held(HoldState.RELEASED)], captureHold: [ended], charge: [CHARGED] });
  assert.equal((await send(OPEN, core)).result.chargedMicros, 15n);
  assert.deepEqual(
    sent.map(({ rpc, idempotencyKey, holdId }) => [rpc, idempotencyKey ?? holdId]),
    [
      ["placeHold", "k"],
      ["captureHold", "h1"],
      ["charge", "k:late"],
    ],
  );
});

test("where the placement is denied or refused a call is charged without a hold, and never placed again", async () => {
  for (const no of [
    { decision: Decision.INSUFFICIENT_BALANCE },
    new CoreError("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED", {}, "another content"),
    new CoreError("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, "an amount of 0"),
  ]) {
    const lost = new CoreError("UNAVAILABLE", "OUTCOME_UNKNOWN", {}, "no answer");
    // By now there is money: a second placement would be allowed, and charge the call once more.
    const { core, sent } = coreWith({ placeHold: [no, held(HoldState.PLACED)], charge: [lost, CHARGED] });
    const first = await send(OPEN, core);
    assert.equal(first.result, lost);
    assert.deepEqual(first.next, { ...OPEN, placement: null });
    const second = await send(first.next, core);
    assert.equal(second.result.chargedMicros, 15n);
    const charge = {
      rpc: "charge",
      account: ACCOUNT,
      idempotencyKey: "k",
      cost: { cost: { case: "amountMicros", value: 15n } },
      overagePolicy: OveragePolicy.ALLOW_DEBT,
      requestId: "r",
    };
    assert.deepEqual(sent.slice(1), [charge, charge]);
  }
});

test("where the placement has no answer, or the token is refused, the same end is to be sent again", async () => {
  for (const silence of [
    new CoreError("UNAVAILABLE", null, {}, "no connection"),
    new CoreError("DEADLINE_EXCEEDED", null, {}, "late"),
    new CoreError("INTERNAL", "INTERNAL", {}, "a fault"),
    new CoreError("UNAUTHENTICATED", "UNAUTHENTICATED", {}, "an unknown token"),
    new CoreError("PERMISSION_DENIED", "PERMISSION_DENIED", {}, "another role"),
  ]) {
    const { core, sent } = coreWith({ placeHold: [silence] });
    const { result, next } = await send(OPEN, core);
    assert.equal(result, silence);
    assert.equal(next, OPEN);
    assert.equal(sent.length, 1);
  }
});

test("an end of a kind that is not known is refused, and is not taken for a release", async () => {
  const { core, sent } = coreWith({ releaseHold: [{}] });
  const { result } = await send({ ...OPEN, kind: "refund" }, core);
  assert.equal(result.name, "EndRefused");
  assert.deepEqual(sent, []);
});
