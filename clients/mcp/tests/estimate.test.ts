import assert from "node:assert/strict";
import test, { after } from "node:test";

import { BALANCE, call, clientOf, pretend, usual } from "./pretended.js";

let billing: object = {};
const gateway = await pretend((path) => usual(path, billing));
const client = await clientOf(gateway.url);
after(async () => {
  await client.close();
  gateway.server.closeAllConnections();
  gateway.server.close();
});

/** `search` costs 0.01, `translate` 0.01 and 0.15 for a million words. */
async function estimated(of: object, tool = "search", quantities?: object) {
  billing = of;
  const called = await call(client, "estimate", { tool, ...(quantities && { quantities }) });
  assert.equal(called.isError, false, called.text);
  const { allowed, reason, try_again_at: again } = called.structured;
  return { ...called, said: [allowed, reason, again] };
}

const DAILY_AT = BALANCE.limits_reset.daily_at;
const MONTHLY_AT = BALANCE.limits_reset.monthly_at;

test("what remains after a call is told", async () => {
  const { said, structured, text } = await estimated({});
  assert.deepEqual(said, [true, null, null]);
  assert.equal(structured["cost_usd"], "0.01");
  assert.deepEqual(structured["balance"], {
    left_usd: "24.15",
    short_usd: "0",
    remains_usd: "24.14",
  });
  assert.deepEqual(structured["day"], { left_usd: "9.15", short_usd: "0", remains_usd: "9.14" });
  assert.match(text, /costs \$0\.01, and would be allowed now/);
  assert.match(text, /only the hold.* decides/);
});

test("too little balance comes before the limits, and by how much is told", async () => {
  const limits = { daily_usd: 0.85, monthly_usd: null };
  const { said, structured, text } = await estimated({ available_usd: 0.009999, limits });
  assert.deepEqual(said, [false, "INSUFFICIENT_BALANCE", null]);
  assert.deepEqual(structured["balance"], {
    left_usd: "0.009999",
    short_usd: "0.000001",
    remains_usd: null,
  });
  assert.deepEqual(structured["day"], { left_usd: "0", short_usd: "0.01", remains_usd: null });
  assert.deepEqual(structured["month"], { left_usd: null, short_usd: "0", remains_usd: null });
  assert.match(text, /\$0\.000001 too little/);
});

test("the last cent of a balance and of a limit may be spent", async () => {
  const limits = { daily_usd: 0.86, monthly_usd: 0.86 };
  assert.deepEqual((await estimated({ available_usd: 0.01, limits })).said, [true, null, null]);
});

test("a limit says when it starts again, unless the cost is above the whole of one", async () => {
  const limits = (daily: number | null, monthly: number | null) => ({
    limits: { daily_usd: daily, monthly_usd: monthly },
  });
  assert.deepEqual((await estimated(limits(0.85, 0.85))).said, [
    false,
    "DAILY_LIMIT_EXCEEDED",
    DAILY_AT,
  ]);
  assert.deepEqual((await estimated(limits(null, 0.85))).said, [
    false,
    "MONTHLY_LIMIT_EXCEEDED",
    MONTHLY_AT,
  ]);
  assert.deepEqual((await estimated(limits(0.85, 0.005))).said, [false, "COST_ABOVE_LIMIT", null]);
});

test("a suspended account may nothing, and one without billing everything", async () => {
  assert.deepEqual((await estimated({ suspended: true })).said, [false, "ACCOUNT_SUSPENDED", null]);
  const off = await estimated({ billing_enabled: false, available_usd: -5 });
  assert.deepEqual(off.said, [true, null, null]);
  assert.equal(off.structured["cost_usd"], "0");
});

test("where a call might be free, a denial cannot be told", async () => {
  const { said, structured } = await estimated({ available_usd: 0 }, "translate", {
    words: 1_000_001,
  });
  assert.deepEqual(said, [null, "INSUFFICIENT_BALANCE", null]);
  assert.equal(structured["cost_usd"], "0.160001");
  assert.match(structured["note"], /free each day/);
  assert.deepEqual((await estimated({}, "translate", { words: 0 })).said, [true, null, null]);
});

test("a tool without a price cannot be told of, and those with one are named", async () => {
  const { said, text } = await estimated({}, "serach");
  assert.deepEqual(said, [null, "TOOL_NOT_PRICED", null]);
  assert.match(text, /translate, search/);
});

test("a wrong quantity is an error that names the units", async () => {
  billing = {};
  const { isError, text } = await call(client, "estimate", {
    tool: "translate",
    quantities: { tokens: 1 },
  });
  assert.ok(isError);
  assert.match(text, /^INVALID_QUANTITIES: .*"tokens".*"words"/);
});
