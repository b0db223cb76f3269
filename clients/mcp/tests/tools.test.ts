import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after } from "node:test";

import { call, clientOf, pretend, usual, type Answer } from "./pretended.js";

const TOOLS = ["estimate", "get_balance", "get_limits", "get_usage", "list_holds", "list_prices"];
let answers: (path: string) => Answer | Promise<Answer> = usual;
const gateway = await pretend((path) => answers(path));
const client = await clientOf(gateway.url, 1_000);
after(async () => {
  await client.close();
  gateway.server.closeAllConnections();
  gateway.server.close();
});

function answering(answer: (path: string) => Answer | Promise<Answer>): void {
  answers = answer;
}

test("every tool says that it only reads, and the shape of its answer", async () => {
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).sort(), TOOLS);
  for (const { name, annotations, outputSchema, inputSchema } of tools) {
    const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations ?? {};
    assert.deepEqual(
      [readOnlyHint, destructiveHint, idempotentHint, openWorldHint],
      [true, false, true, false],
      name,
    );
    assert.equal(outputSchema?.type, "object", name);
    assert.equal(inputSchema.type, "object", name);
  }
});

test("whatever is asked, only GET requests without a body leave, each with the user's token", async () => {
  answering(usual);
  gateway.asked.length = 0;
  const args: Record<string, object> = { estimate: { tool: "search" }, get_usage: { days: 7 } };
  for (const name of TOOLS) {
    const { isError, text } = await call(client, name, { ...args[name] });
    assert.equal(isError, false, text);
  }
  await call(client, "get_usage", { from: "2026-11-01", to: "2026-12-01" });
  await call(client, "estimate", { tool: "nothing" });
  await client.readResource({ uri: "billing://budget" });
  const paths = new Set(gateway.asked.map(({ path }) => path));
  assert.deepEqual([...paths].sort(), [
    "/api/billing/balance",
    "/api/billing/holds?limit=200",
    "/api/billing/pricing-info",
    "/api/billing/usage-chart?days=7",
    "/api/billing/usage?from=2026-11-01&to=2026-12-01",
    "/api/billing/usage?from=2026-11-21",
  ]);
  for (const { method, bytes, authorization } of gateway.asked) {
    assert.deepEqual([method, bytes, authorization], ["GET", 0, "Bearer a.b.c"]);
  }
});

test("amounts are decimal texts, in the answer and in its text", async () => {
  answering((path) => {
    const { body } = usual(path);
    return {
      body: body.replace('"available_usd":24.15', '"available_usd":9007199254740993.000001'),
    };
  });
  const { structured, text } = await call(client, "get_balance");
  assert.equal(structured["available_usd"], "9007199254740993.000001");
  assert.match(text, /\$9007199254740993\.000001/);
});

test("an argument that is no argument is refused, not ignored", async () => {
  answering(usual);
  const { isError, text } = await call(client, "estimate", {
    tool: "search",
    quantity: { words: 1 },
  });
  assert.ok(isError);
  assert.match(text, /quantity/);
  for (const name of ["get_balance", "get_limits", "list_holds"]) {
    const refused = await call(client, name, { user: "somebody-else" });
    assert.ok(refused.isError, name);
    assert.match(refused.text, /^MCP error -32602: .*user/s);
  }
  assert.ok((await call(client, "get_usage", { days: 7, from: "2026-11-01" })).isError);
  assert.ok(
    (await call(client, "estimate", { tool: "translate", quantities: { words: 1.5 } })).isError,
  );
});

const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: JSON.stringify({ code, message: "in the gateway's words" }),
});

const failures: [name: string, answer: Answer, text: RegExp][] = [
  [
    "an expired token: sign in again",
    problem(401, "UNAUTHENTICATED"),
    /^UNAUTHENTICATED: .*sign in again; bring another one/,
  ],
  [
    "too many requests: when to try again",
    problem(429, "RATE_LIMITED", { "retry-after": "17" }),
    /^RATE_LIMITED: .*in 17 s/,
  ],
  [
    "a core that is away: when to try again",
    problem(503, "BILLING_UNAVAILABLE", { "retry-after": "3" }),
    /^BILLING_UNAVAILABLE: .*in 3 s/,
  ],
  ["a page of a proxy", { status: 502, body: "<html>" }, /^BILLING_UNAVAILABLE: .*in 5 s/],
  [
    "a fault: under which name the log has it",
    problem(500, "INTERNAL_ERROR", { "x-request-id": "trace-1" }),
    /^INTERNAL_ERROR: .*trace-1/,
  ],
  [
    "a refusal in the gateway's words",
    problem(400, "INVALID_REQUEST"),
    /^INVALID_REQUEST: in the gateway's words/,
  ],
  [
    "an address, or a tenant, that is not served: who can mend it",
    problem(404, "NOT_FOUND"),
    /^NOT_FOUND: in the gateway's words. Ask the operator to look at BILLING_GATEWAY_URL/,
  ],
  [
    "another server",
    { status: 404, body: "not here" },
    /^ANSWER_UNREADABLE: .*BILLING_GATEWAY_URL/,
  ],
  [
    "a redirect, which is not followed",
    { status: 302, headers: { location: "http://127.0.0.1:1/" }, body: "" },
    /^ANSWER_UNREADABLE/,
  ],
  ["no JSON", { body: "<html>" }, /^ANSWER_UNREADABLE/],
  [
    "an amount that is none",
    { body: usual("/api/billing/balance").body.replace("24.65", "1e2") },
    /^ANSWER_UNREADABLE: .*balance_usd/,
  ],
];
for (const [name, answer, expected] of failures) {
  test(`an error tells the agent of ${name}`, async () => {
    answering(() => answer);
    const { isError, text, structured } = await call(client, "get_balance");
    assert.equal(isError, true);
    assert.match(text, expected);
    assert.deepEqual(structured, {});
    await assert.rejects(client.readResource({ uri: "billing://budget" }), (error: Error) => {
      return error.message.includes(text);
    });
  });
}

test("a gateway that does not answer in time is given up", async () => {
  answering(() => new Promise(() => {}));
  const { isError, text } = await call(client, "estimate", { tool: "search" });
  assert.ok(isError);
  assert.match(text, /^GATEWAY_AWAY: .*within 1 s.*Try again/);
});

test("a gateway that is not there is an error of the tool", async () => {
  const gone = await pretend(usual);
  gone.server.close();
  const other = await clientOf(gone.url);
  assert.match((await call(other, "get_limits")).text, /^GATEWAY_AWAY: .*cannot be reached/);
  await other.close();
});

test("the version that it tells is that of its package", () => {
  const path = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  assert.equal(client.getServerVersion()?.version, version);
});
