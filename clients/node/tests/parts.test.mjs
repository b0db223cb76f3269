import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { CostError, exactCost } from "../dist/esm/cost.js";
import { callersKey, freshKey, isValidKey } from "../dist/esm/key.js";
import { Log } from "../dist/esm/log.js";
import { Passing } from "../dist/esm/passing.js";
import { SettingError, readSettings } from "../dist/esm/settings.js";
import { traceOf } from "../dist/esm/trace.js";

test("a caller's key pays for one question only", () => {
  const paid = callersKey("k1", "search", ["POST", "/a", "land law"]);
  assert.match(paid, /^tool-call:[0-9a-f]{64}$/);
  assert.equal(callersKey(["k1"], "search", ["POST", "/a", Buffer.from("land law")]), paid);
  for (const other of [
    callersKey("k2", "search", ["POST", "/a", "land law"]),
    callersKey("k1", "translate", ["POST", "/a", "land law"]),
    callersKey("k1", "search", ["POST", "/b", "land law"]),
    callersKey("k1", "search", ["PUT", "/a", "land law"]),
    callersKey("k1", "search", ["POST", "/a", "tax law"]),
    callersKey("k1", "search", ["POST", "/al", "and law"]),
  ]) {
    assert.notEqual(other, paid);
  }
});

test("each call without a key is a call of its own", () => {
  assert.match(freshKey(), /^tool-call:[0-9a-f-]{36}$/);
  assert.notEqual(freshKey(), freshKey());
});

test("a key is sent once, with 1 to 255 bytes", () => {
  assert.ok(isValidKey("k") && isValidKey(["k"]) && isValidKey("k".repeat(255)));
  // Node gives a header's bytes as Latin-1: 255 bytes, not 510.
  assert.ok(isValidKey("\u00e9".repeat(255)));
  for (const sent of ["", [], ["a", "b"], "k".repeat(256), "\u0457".repeat(128)]) {
    assert.ok(!isValidKey(sent), JSON.stringify(sent));
  }
});

test("a report is exact, and its error names the tool and the unit", () => {
  assert.deepEqual({ ...exactCost({ a: 0, b: 2n ** 63n - 1n }, "t").quantities }, { a: 0n, b: 2n ** 63n - 1n });
  assert.equal(exactCost({ amountMicros: 5 }, "t").amount, 5n);
  assert.deepEqual(Object.keys(exactCost({ amountMicros: 5, b: 1 }, "t").quantities), ["amountMicros", "b"]);
  assert.deepEqual(Object.keys(exactCost(JSON.parse('{"__proto__": 1}'), "t").quantities), ["__proto__"]);
  for (const value of [-1, -1n, 1.5, "3", null, undefined, true, NaN, 2 ** 53, 2n ** 63n, {}, [1]]) {
    assert.throws(() => exactCost({ tokens: value }, "search"), { name: "CostError", message: /"search": "tokens"/ });
  }
  for (const cost of [null, undefined, 3, 3n, "3", [], [1]]) assert.throws(() => exactCost(cost, "search"), CostError);
});

test("a valid traceparent is sent on, and any other begins a trace", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const span = "b7ad6b7169203331";
  assert.deepEqual(traceOf(`00-${trace}-${span}-01`), { traceId: trace, traceparent: `00-${trace}-${span}-01` });
  assert.equal(traceOf(`cc-${trace}-${span}-03-more`).traceparent, `00-${trace}-${span}-01`);
  for (const header of [
    undefined,
    "",
    `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
    `00-${trace}-${span}-01-more`,
    `ff-${trace}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
  ]) {
    const made = traceOf(header);
    assert.notEqual(made.traceId, trace);
    assert.match(made.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  }
  const many = new Set(Array.from({ length: 1000 }, () => traceOf(undefined).traceId));
  assert.equal(many.size, 1000);
});

test("a tool and a reason are logged once a minute, with the number left out", () => {
  let now = 0;
  const lines = [];
  const log = new Log({ error: (line) => lines.push(line), warn: () => assert.fail("an error") }, () => now);
  for (let i = 0; i < 5; i++) log.limited("error", "search", "AWAY", "no answer");
  log.limited("error", "other", "AWAY", "no answer");
  log.limited("error", "search", "LATE", "late");
  now = 60_000;
  log.limited("error", "search", "AWAY", "no answer");
  assert.deepEqual(lines, [
    'billing: tool "search": no answer',
    'billing: tool "other": no answer',
    'billing: tool "search": late',
    'billing: tool "search": no answer (4 more like this were left out)',
  ]);
});

test("callers who make up tools do not make the log grow", () => {
  const lines = [];
  const log = new Log({ error: (line) => lines.push(line) }, () => 0);
  for (let i = 0; i < 5_000; i++) log.limited("error", `tool ${i}`, "UNPRICED", "no price");
  assert.ok(lines.length <= 1_001, `${lines.length} lines`);
});

test("calls pass up to an amount until they are billed, and unknown is a no", () => {
  const passing = new Passing(50_000n);
  const byTool = exactCost({}, "search");
  assert.equal(passing.pass("search", byTool), null);
  passing.learn("search", 20_000n);
  passing.learn("search", 10_000n);
  assert.equal(passing.pass("search", byTool), 20_000n);
  assert.equal(passing.pass("any", exactCost({ amountMicros: 30_000 }, "any")), 30_000n);
  assert.equal(passing.pass("any", exactCost({ amountMicros: 1 }, "any")), null);
  passing.remove(20_000n);
  assert.equal(passing.pass("search", byTool), 20_000n);
  assert.equal(new Passing(0n).pass("any", exactCost({ amountMicros: 0 }, "any")), null);
});

const ENVIRONMENT = {
  BILLING_CORE_URL: "http://localhost:50051",
  BILLING_TOOLS_TOKEN: "a-secret-token",
  BILLING_TENANT: "demo",
};

test("settings come from options, then the environment, then defaults", () => {
  const settings = readSettings({ tenant: "other", holdTtlMs: 1_000 }, ENVIRONMENT);
  assert.equal(settings.target, "dns:localhost:50051");
  assert.equal(settings.tenant, "other");
  assert.equal(settings.holdTtlMs, 1_000);
  assert.equal(settings.decisionDeadlineMs, 2_000);
  assert.equal(settings.allowUpToMicros, 0n);
  const secure = readSettings({ coreUrl: "https://[::1]" }, ENVIRONMENT);
  assert.deepEqual([secure.target, secure.tls], ["dns:[::1]:443", { authorities: null }]);
});

test("a setting that is missing or cannot work is an error that begins with its name and tells no secret", () => {
  const notPem = join(tmpdir(), `billing-client-${process.pid}.pem`);
  writeFileSync(notPem, "nothing");
  for (const [name, options, environment] of [
    ["BILLING_CORE_URL is not set: ", {}, { BILLING_CORE_URL: undefined }],
    ["BILLING_TOOLS_TOKEN is not set: ", {}, { BILLING_TOOLS_TOKEN: "" }],
    ["BILLING_TENANT is not set: ", {}, { BILLING_TENANT: undefined }],
    ["BILLING_CORE_URL", { coreUrl: "localhost:50051" }],
    ["BILLING_CORE_URL", { coreUrl: "http://user:a-secret@localhost" }],
    ["BILLING_CORE_URL", { coreUrl: "http://localhost/path" }],
    ["BILLING_CORE_URL", { coreUrl: "nothing" }],
    ["BILLING_TOOLS_TOKEN", { token: "a-secret\n" }],
    ["BILLING_TENANT", { tenant: "\u0457".repeat(65) }],
    ["BILLING_CORE_CA", { coreUrl: "https://localhost", caFile: "/nowhere/ca.pem" }],
    ["BILLING_CORE_CA", { coreUrl: "https://localhost", caFile: notPem }],
    ["BILLING_CORE_CA", { caFile: notPem }],
    ["BILLING_TOPUP_URL", { topupUrl: "javascript:alert(1)" }],
    ["holdTtlMs", { holdTtlMs: 999 }],
    ["decisionDeadlineMs", { decisionDeadlineMs: 0 }],
    ["allowUpToMicros", { allowUpToMicros: 1.5 }],
    ["unpriced", { unpriced: 404 }],
    ["withoutUser", { withoutUser: "allow" }],
    ["repeats", { repeats: "again" }],
    ["backlogMax", { backlogMax: -1 }],
  ]) {
    assert.throws(
      () => readSettings(options, { ...ENVIRONMENT, ...environment }),
      (error) => error instanceof SettingError && error.message.startsWith(name) && !error.message.includes("a-secret"),
      name,
    );
  }
});

test("both module systems import the built package", async () => {
  const byRequire = createRequire(import.meta.url)("billing-client");
  const byImport = await import("billing-client");
  assert.deepEqual(Object.keys(byRequire).sort(), Object.keys(byImport).sort());
  const { guardFastify } = await import("billing-client/fastify");
  assert.equal(guardFastify, byImport.guardFastify);
  assert.ok((await import("billing-client/messages")).BalanceService);
});
