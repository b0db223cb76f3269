import assert from "node:assert/strict";
import test from "node:test";

import { KEY_REUSED, UNAUTHENTICATED, UNAVAILABLE, Unclear, denial } from "../dist/esm/answer.js";
import { Decision } from "../dist/esm/gen/billing/v1/balance_pb.js";
import { LimitPeriod } from "../dist/esm/gen/billing/v1/account_pb.js";
import { usdNumber, usdText } from "../dist/esm/usd.js";

/** The core's answer to a call that costs 0.50 USD where 0.25 USD are left. */
function decided(decision, more = {}) {
  const limit = (period, limitMicros, usedMicros, seconds) => ({
    period,
    limitMicros,
    usedMicros,
    resetsAt: { seconds, nanos: 0 },
  });
  return {
    decision,
    requiredMicros: 500_000n,
    shortfallMicros: 250_000n,
    balance: { availableMicros: 250_000n },
    limits: [
      limit(LimitPeriod.DAY, 10_000_000n, 9_999_999n, 1_795_305_600n),
      limit(LimitPeriod.MONTH, undefined, 42_000_000n, 1_796_083_200n),
    ],
    topupUrl: "",
    retryAfter: { seconds: 3599n, nanos: 1 },
    aboveLimit: false,
    ...more,
  };
}

test("an amount is a number of exactly its digits", () => {
  for (const [micros, json] of [
    [0n, "0"],
    [1n, "0.000001"],
    [250_000n, "0.25"],
    [-250_000n, "-0.25"],
    [10_000_000n, "10"],
    [1_000_000_000_000_001n, "1000000000.000001"],
    [-(2n ** 63n), "-9223372036854.775808"],
  ]) {
    assert.equal(usdNumber(micros), json);
  }
});

test("people see the cents", () => {
  assert.equal(usdText(500_000n), "$0.50");
  assert.equal(usdText(10_000_000n), "$10.00");
  assert.equal(usdText(-1_234_567n), "-$1.234567");
});

test("too little money is the platform's 402", () => {
  const denied = denial(decided(Decision.INSUFFICIENT_BALANCE), "https://billing.example/topup", 503);
  assert.equal(denied.status, 402);
  assert.equal(
    denied.body,
    '{"error":"Insufficient balance","message":"Required: $0.50, Available: $0.25",' +
      '"code":"INSUFFICIENT_BALANCE",' +
      '"balance":{"current_usd":0.25,"required_usd":0.5,"shortfall_usd":0.25},' +
      '"topup_url":"https://billing.example/topup"}',
  );
});

test("the address to top up at is the tenant's, or else our own, or null", () => {
  const url = (topupUrl, own) =>
    JSON.parse(denial(decided(Decision.INSUFFICIENT_BALANCE, { topupUrl }), own, 503).body).topup_url;
  assert.equal(url("https://tenant.test", "https://ours.test"), "https://tenant.test");
  assert.equal(url("", "https://ours.test"), "https://ours.test");
  assert.equal(url("", null), null);
});

test("a limit is the platform's 429 with the time to wait, never too early", () => {
  const limits =
    '"limits":{"daily_limit_usd":10,"daily_spent_usd":9.999999,' + '"monthly_limit_usd":null,"monthly_spent_usd":42},';
  const day = denial(decided(Decision.DAILY_LIMIT_EXCEEDED), null, 503);
  assert.equal(day.status, 429);
  assert.equal(day.headers["retry-after"], "3600");
  assert.equal(
    day.body,
    '{"error":"Daily limit exceeded","message":"Limit: $10.00, Spent: $9.999999",' +
      `"code":"DAILY_LIMIT_EXCEEDED",${limits}"reset_at":"2026-11-22T00:00:00Z"}`,
  );
  const month = denial(decided(Decision.MONTHLY_LIMIT_EXCEEDED), null, 503);
  assert.equal(
    month.body,
    '{"error":"Monthly limit exceeded","message":"Limit: none, Spent: $42.00",' +
      `"code":"MONTHLY_LIMIT_EXCEEDED",${limits}"reset_at":"2026-12-01T00:00:00Z"}`,
  );
});

test("a cost above a whole limit has no time to come back", () => {
  const above = { aboveLimit: true, retryAfter: undefined, requiredMicros: 20_000_000n };
  const denied = denial(decided(Decision.DAILY_LIMIT_EXCEEDED, above), null, 503);
  assert.deepEqual([denied.status, denied.headers["retry-after"]], [403, undefined]);
  assert.equal(
    denied.body,
    '{"error":"Cost above limit","message":"Required: $20.00, Daily: $10.00, Monthly: none",' +
      '"code":"COST_ABOVE_LIMIT"}',
  );
});

test("the other denials have a status and a code of their own", () => {
  const suspended = denial(decided(Decision.ACCOUNT_SUSPENDED), null, 503);
  assert.equal(
    suspended.body,
    '{"error":"Account suspended","message":"This account is suspended.","code":"ACCOUNT_SUSPENDED"}',
  );
  assert.equal(suspended.status, 403);
  for (const status of [503, 402]) {
    const unpriced = denial(decided(Decision.TOOL_NOT_PRICED), null, status);
    assert.equal(unpriced.status, status);
    assert.equal(
      unpriced.body,
      '{"error":"Tool not priced","message":"This tool has no price yet and cannot be used.",' +
        '"code":"TOOL_NOT_PRICED"}',
    );
  }
});

test("without a decision, bodies tell nothing of the core", () => {
  assert.equal(
    UNAVAILABLE.body,
    '{"error":"Billing unavailable",' +
      '"message":"Billing cannot be reached, so the call was not made. Try again soon.",' +
      '"code":"BILLING_UNAVAILABLE"}',
  );
  assert.equal(
    KEY_REUSED.body,
    '{"error":"Key already used","message":"This Idempotency-Key was used for another call.",' +
      '"code":"IDEMPOTENCY_KEY_REUSED"}',
  );
  assert.equal(UNAUTHENTICATED.headers["www-authenticate"], "Bearer");
});

test("a decision that is not known is not taken for a yes", () => {
  assert.equal(denial(decided(Decision.ALLOWED), null, 503), null);
  for (const unclear of [
    decided(99),
    decided(Decision.UNSPECIFIED),
    decided(Decision.INSUFFICIENT_BALANCE, { balance: undefined }),
    decided(Decision.DAILY_LIMIT_EXCEEDED, { retryAfter: undefined }),
    decided(Decision.DAILY_LIMIT_EXCEEDED, { limits: [] }),
  ]) {
    assert.throws(() => denial(unclear, null, 503), Unclear);
  }
});
