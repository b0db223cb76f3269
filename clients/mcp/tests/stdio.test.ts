import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import test, { after } from "node:test";

import { pretend, usual } from "./pretended.js";
import { MAIN } from "./process.js";

const gateway = await pretend(usual);
after(() => {
  gateway.server.closeAllConnections();
  gateway.server.close();
});

test("a missing setting ends it with an error that names the setting, and nothing on stdout", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN], {
    env: {},
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^BILLING_GATEWAY_URL is not set: /);
});

/** Starts it, sends the lines, and waits for its end. */
async function run(gatewayUrl: string, lines: (object | string)[]) {
  const env = { BILLING_GATEWAY_URL: gatewayUrl, BILLING_USER_TOKEN: "one.secret.token" };
  const child = spawn(process.execPath, [MAIN], { env });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  const clientInfo = { name: "test", version: "0" };
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
  const begin = [
    { jsonrpc: "2.0", id: 1, method: "initialize", params },
    { jsonrpc: "2.0", method: "notifications/initialized" },
  ];
  const written = [...begin, ...lines].map((line) =>
    typeof line === "string" ? line : JSON.stringify(line),
  );
  child.stdin.end(`${written.join("\n")}\n`);
  await once(child, "close");
  assert.ok(!(stdout + stderr).includes("secret"));
  const answers = stdout.trim().split("\n");
  return { answers: answers.map((line) => JSON.parse(line)), stderr };
}

const called = (id: number, name: string) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: {} },
});

test("stdout carries the protocol only, whatever comes in, and it ends with its input", async () => {
  const lines = ["no JSON", called(2, "get_balance"), called(3, "no_such_tool")];
  const { answers } = await run(gateway.url, lines);
  assert.deepEqual(answers.map(({ id }) => id).sort(), [1, 2, 3]);
  const [, balance, unknown] = answers.sort((a, b) => a.id - b.id);
  assert.equal(balance.result.structuredContent.available_usd, "24.15");
  assert.equal(unknown.result.isError, true);
});

test("a gateway that is away is in the log once a minute, with the cause", async () => {
  const gone = await pretend(usual);
  gone.server.close();
  const { answers, stderr } = await run(gone.url, [
    called(2, "get_balance"),
    called(3, "get_limits"),
  ]);
  assert.equal(answers.length, 3);
  assert.match(stderr, /^billing-mcp: GATEWAY_AWAY: .*ECONNREFUSED.*\n$/);
});
