import assert from "node:assert/strict";
import test from "node:test";

import { Billing } from "../dist/esm/index.js";

const CALL = { user: "u", tool: "search", estimate: { amountMicros: 5 } };

/** A backend whose core cannot be reached. */
function billingWith(options) {
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const core = { coreUrl: "http://127.0.0.1:1", token: "a-token", tenant: "demo", decisionDeadlineMs: 200 };
  return new Billing({ ...core, allowUpToMicros: 10, logger, ...options });
}

test("no call passes without a decision until the store has told how much has passed before", async () => {
  let loaded;
  const stored = new Promise((resolve) => (loaded = resolve));
  const billing = billingWith({ store: { save: () => {}, remove: () => {}, load: () => stored } });
  await assert.rejects(billing.begin(CALL), { name: "Refusal", code: "BILLING_UNAVAILABLE" });
  loaded([]);
  const call = await billing.begin(CALL);
  assert.ok(call.billed);
  await call.abandon();
  assert.equal(await billing.close(), 0);
});

test("a shutdown without a limit of time waits for the calls under way", async () => {
  const billing = billingWith({});
  const call = await billing.begin(CALL);
  const closing = billing.close(Infinity);
  // Longer than the timer of one that is taken for too long.
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(billing.calls, 1);
  await call.abandon();
  assert.equal(await closing, 0);
});
