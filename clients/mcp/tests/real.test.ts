/** The official client reads budgets from a running stack. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { fromMicros } from "../src/money.js";
import { call, type Called } from "./pretended.js";
import { MAIN, serveHttp, stop } from "./process.js";
import { announced, decide, newUser, recorder, suspend, tokenOf, type Stack } from "./stack.js";

const up = announced();
const skip = up === null && "BILLING_UP names no file: NOTHING OF A REAL GATEWAY WAS TRIED";
if (skip)
  process.stderr.write(
    `billing-mcp: ${skip} (cargo xtask up --json >up.json; BILLING_UP=up.json)\n`,
  );
const stack = up as Stack;

const directory = mkdtempSync(join(tmpdir(), "billing-mcp-"));
/** Whatever a test that fails has left open would keep this process alive. */
const open: (() => unknown)[] = [() => rmSync(directory, { recursive: true })];
after(() => Promise.all(open.map((close) => close())));

const READ = [
  "/api/billing/balance",
  "/api/billing/holds",
  "/api/billing/pricing-info",
  "/api/billing/usage",
  "/api/billing/usage-chart",
];

async function overStdio(
  gatewayUrl: string,
  token: string,
): Promise<{ client: Client; tokenFile: string }> {
  const tokenFile = join(directory, randomUUID());
  writeFileSync(tokenFile, `${token}\n`);
  const client = new Client({ name: "test", version: "0" });
  open.push(() => client.close());
  // Whatever is on stdout and is no message ends here.
  client.onerror = (error) => assert.fail(error);
  const env = { BILLING_GATEWAY_URL: gatewayUrl, BILLING_USER_TOKEN_FILE: tokenFile };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [MAIN], env }));
  // From here on the client holds each answer against the tool's schema.
  await client.listTools();
  return { client, tokenFile };
}

function understood(called: Called): Record<string, any> {
  assert.equal(called.isError, false, called.text);
  return called.structured;
}

test(
  "over stdio an agent reads balance, limits, prices, usage and holds, by GET alone",
  { skip },
  async () => {
    const passing = await recorder(stack);
    open.push(() => passing.server.close());
    const user = await newUser(stack, "7.123456", "2.5", "null");
    const { client } = await overStdio(passing.url, tokenOf(stack, user));
    assert.equal((await decide(stack, "PlaceHold", user, "search")).decision, 1n);

    const balance = understood(await call(client, "get_balance"));
    assert.deepEqual(
      [balance["available_usd"], balance["settled_usd"], balance["held_usd"], balance["debt_usd"]],
      ["7.103456", "7.123456", "0.02", "0"],
    );
    assert.deepEqual([balance["low"], balance["payments_paused"]], [false, false]);
    const { day, month } = understood(await call(client, "get_limits"));
    assert.deepEqual([day.limit_usd, day.used_usd, day.left_usd], ["2.5", "0.02", "2.48"]);
    assert.deepEqual([month.limit_usd, month.used_usd, month.left_usd], [null, "0.02", null]);
    assert.ok(Date.parse(day.resets_at) > Date.now());
    const { prices } = understood(await call(client, "list_prices", { name_contains: "search" }));
    assert.ok(
      prices.some((price: any) => price.tool === "search" && price.per_call_usd === "0.02"),
    );
    const { holds } = understood(await call(client, "list_holds"));
    assert.deepEqual(
      holds.map((hold: any) => [hold.tool, hold.amount_usd]),
      [["search", "0.02"]],
    );
    const usage = understood(await call(client, "get_usage", { days: 7 }));
    assert.deepEqual([usage["spent_usd"], usage["requests"], usage["by_tool"]], ["0", 0, []]);
    understood(await call(client, "estimate", { tool: "search" }));
    const { contents } = await client.readResource({ uri: "billing://budget" });
    const budget = JSON.parse((contents[0] as { text: string }).text);
    assert.equal(budget.balance.available_usd, "7.103456");

    assert.deepEqual([...new Set(passing.asked.map(({ path }) => path))].sort(), READ);
    for (const { method, bytes } of passing.asked) assert.deepEqual([method, bytes], ["GET", 0]);
    await client.close();
  },
);

test(
  "an expired token is told, and a renewed one is taken at the next call",
  { skip },
  async () => {
    const user = await newUser(stack, "1", "null", "null");
    const { client, tokenFile } = await overStdio(stack.gateway, tokenOf(stack, user, -3_600));
    const expired = await call(client, "get_balance");
    assert.equal(expired.isError, true);
    assert.match(expired.text, /^UNAUTHENTICATED: .*sign in again/);
    writeFileSync(tokenFile, tokenOf(stack, user));
    assert.equal(understood(await call(client, "get_balance"))["available_usd"], "1");
    writeFileSync(tokenFile, "");
    assert.match((await call(client, "get_balance")).text, /^NO_TOKEN/);
    await client.close();
  },
);

test("a range that the gateway does not take is refused in its words", { skip }, async () => {
  const user = await newUser(stack, "1", "null", "null");
  const { client } = await overStdio(stack.gateway, tokenOf(stack, user));
  const range = understood(
    await call(client, "get_usage", { from: "2026-01-01", to: "2026-02-01" }),
  );
  assert.deepEqual(
    [range["from"], range["to"], range["spent_usd"]],
    ["2026-01-01", "2026-02-01", "0"],
  );
  const refused = await call(client, "get_usage", { from: "yesterday" });
  assert.ok(refused.isError);
  assert.match(refused.text, /^INVALID_REQUEST: .*from/);
  await client.close();
});

const ALLOWED = 1n;
const REASONS = new Map([
  [ALLOWED, null],
  [2n, "TOOL_NOT_PRICED"],
  [3n, "ACCOUNT_SUSPENDED"],
  [4n, "INSUFFICIENT_BALANCE"],
  [5n, "DAILY_LIMIT_EXCEEDED"],
  [6n, "MONTHLY_LIMIT_EXCEEDED"],
]);

const words = (tokens: number, quick: number, standard: number, deep: number) => ({
  query_tokens: tokens,
  budget_quick: quick,
  budget_standard: standard,
  budget_deep: deep,
});
/** By funds of $1 and limits of $0.80 and $0.90, of which $0.02 is held. */
const CALLS: [tool: string, quantities?: Record<string, number>][] = [
  ["search"],
  ["ping"],
  ["summarize", words(1, 0, 0, 0)],
  ["summarize", words(7, 1, 0, 0)],
  ["summarize", words(1_000_001, 0, 1, 1)],
  // Exactly what is left of the lower limit, and a millionth more.
  ["summarize", words(200_000, 0, 0, 3)],
  ["summarize", words(200_001, 0, 0, 3)],
  ["summarize", words(0, 0, 16, 0)],
  ["summarize", words(0, 0, 17, 0)],
  ["summarize", words(0, 0, 0, 4)],
  ["summarize", words(9_007_199_254, 0, 0, 0)],
  ["translate"],
  ["no-such-tool"],
];

/** Asks both for each call; answers with the reasons that were seen. */
async function compared(client: Client, user: string): Promise<Set<unknown>> {
  const seen = new Set<unknown>();
  for (const [tool, quantities] of CALLS) {
    const estimate = understood(
      await call(client, "estimate", { tool, ...(quantities && { quantities }) }),
    );
    const core = await decide(stack, "CheckBalance", user, tool, quantities);
    const what = `${tool} ${JSON.stringify(quantities)}: ${JSON.stringify(estimate)}`;
    const reason = core.isAboveLimit ? "COST_ABOVE_LIMIT" : REASONS.get(core.decision);
    seen.add(reason);
    assert.equal(estimate["reason"], reason, what);
    if (tool === "no-such-tool") continue;
    assert.equal(estimate["allowed"], core.decision === ALLOWED, what);
    // Three calls of translate are free each day.
    const free = tool === "translate" ? "0.01" : null;
    assert.equal(estimate["cost_usd"], free ?? fromMicros(core.requiredMicros), what);
    assert.equal(estimate["balance"].short_usd, fromMicros(core.shortfallMicros), what);
  }
  return seen;
}

test("an estimate says what the core decides, to the millionth", { skip }, async () => {
  const seen = new Set<unknown>();
  for (const [daily, monthly] of [
    ["0.8", "0.9"],
    ["0.9", "0.8"],
  ] as const) {
    const user = await newUser(stack, "1", daily, monthly);
    const { client } = await overStdio(stack.gateway, tokenOf(stack, user));
    await decide(stack, "PlaceHold", user, "search");
    for (const reason of await compared(client, user)) seen.add(reason);
    await client.close();
  }
  const all = [...REASONS.values(), "COST_ABOVE_LIMIT"].filter(
    (reason) => reason !== "ACCOUNT_SUSPENDED",
  );
  assert.deepEqual(seen, new Set(all));
});

test("of a suspended account every call is told to be denied", { skip }, async () => {
  const user = await newUser(stack, "1", "null", "null");
  const { client } = await overStdio(stack.gateway, tokenOf(stack, user));
  await suspend(stack, user);
  for (const tool of ["search", "ping", "translate"]) {
    const { allowed, reason } = understood(await call(client, "estimate", { tool }));
    assert.deepEqual([allowed, reason], [false, "ACCOUNT_SUSPENDED"], tool);
    assert.equal(
      REASONS.get((await decide(stack, "CheckBalance", user, tool)).decision),
      reason,
      tool,
    );
  }
  await client.close();
});

test("over streamable HTTP each user reads the own budget by the own token", { skip }, async () => {
  const served = await serveHttp({ BILLING_GATEWAY_URL: stack.gateway });
  open.push(() => stop(served.child));
  const budgets = ["3.000001", "12"].map(async (balance) => {
    const user = await newUser(stack, balance, "10", "100");
    const requestInit = { headers: { Authorization: `Bearer ${tokenOf(stack, user)}` } };
    const client = new Client({ name: "test", version: "0" });
    const transport = new StreamableHTTPClientTransport(served.url, { requestInit });
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    assert.equal(understood(await call(client, "get_balance"))["available_usd"], balance);
    const { day } = understood(await call(client, "get_limits"));
    assert.equal(day.left_usd, "10");
    assert.equal(understood(await call(client, "estimate", { tool: "search" }))["allowed"], true);
    await client.close();
  });
  await Promise.all(budgets);
  await expiredOverHttp(served.url);
  assert.equal(await stop(served.child), 0);
  assert.match(served.written(), /^billing-mcp: listening on \S+\n$/);
});

async function expiredOverHttp(url: URL): Promise<void> {
  const requestInit = {
    headers: { Authorization: `Bearer ${tokenOf(stack, "mcp-late", -3_600)}` },
  };
  const client = new Client({ name: "test", version: "0" });
  const transport = new StreamableHTTPClientTransport(url, { requestInit });
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  const { isError, text } = await call(client, "get_balance");
  assert.ok(isError);
  assert.match(text, /^UNAUTHENTICATED: .*Authorization: Bearer/);
  await client.close();
}
