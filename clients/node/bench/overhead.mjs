// How long a guarded call takes beside the bare requests that it consists of: check, placement and capture. Both in one
// process, in turns, so that neither has the better minute.
//
//   npm run build
//   node --expose-gc bench/overhead.mjs up.json --at-most 1.15
//
// Prints a line for each number of calls in flight, and all as one line of JSON. Ends with 1 where a ratio is above the
// bound: the ratio is the median of the pairs' ratios, each of two medians.
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";

import { Billing } from "billing-client";
import { BalanceService, Decision, OveragePolicy } from "billing-client/messages";

import { Admin, Bare, median, newUsers, readUp, unary } from "./stack.mjs";

const IN_FLIGHT = [1, 16];
const TOOL = "summarize";
// Exactly the units of the tool's price.
const ESTIMATE = { query_tokens: 100n, budget_quick: 0n, budget_standard: 1n, budget_deep: 0n };
const TAKEN = { ...ESTIMATE, query_tokens: 120n };
// The defaults of the package.
const DECISION_MS = 2_000;
const ENDING_MS = 5_000;
const TTL = { seconds: 60n, nanos: 0 };

const CHECK = unary(BalanceService.method.checkBalance);
const PLACE = unary(BalanceService.method.placeHold);
const CAPTURE = unary(BalanceService.method.captureHold);

/** The three requests as a backend would write them by hand. */
function bareCall(bare, tenantId) {
  const cost = (quantities) => ({ cost: { case: "tool", value: { name: TOOL, quantities } } });
  return async (userId) => {
    const account = { tenantId, userId };
    const requestId = randomUUID().replaceAll("-", "");
    const traceparent = `00-${requestId}-${requestId.slice(16)}-00`;
    allowed(await bare.ask(CHECK, { account, cost: cost(ESTIMATE) }, DECISION_MS, traceparent));
    const idempotencyKey = `tool-call:${randomUUID()}`;
    const place = { account, idempotencyKey, cost: cost(ESTIMATE), ttl: TTL, requestId };
    const { hold } = allowed(await bare.ask(PLACE, place, DECISION_MS, traceparent));
    const capture = {
      account,
      holdId: hold.holdId,
      cost: cost(TAKEN),
      overagePolicy: OveragePolicy.ALLOW_DEBT,
      settleExpired: true,
    };
    await bare.ask(CAPTURE, capture, ENDING_MS, traceparent);
  };
}

function allowed(answer) {
  if (answer.decision !== Decision.ALLOWED) throw new Error(`denied: ${Decision[answer.decision]}`);
  return answer;
}

/** The same by the guard. `capture` rejects unless the core has answered it. */
function guardedCall(billing) {
  return async (user) => {
    const call = await billing.begin({ user, tool: TOOL, estimate: ESTIMATE });
    await call.capture(TAKEN);
    await call.end();
  };
}

/** Each user calls one time after another, until the time is over. How long each call took, in milliseconds. */
async function slice(call, users, lastsMs) {
  globalThis.gc?.();
  const took = [];
  const until = performance.now() + lastsMs;
  const work = async (user) => {
    for (let began = performance.now(); began < until; began = performance.now()) {
      await call(user);
      took.push(performance.now() - began);
    }
  };
  await Promise.all(users.map(work));
  return took;
}

async function compare(bare, guarded, users, pairs, sliceMs) {
  for (const call of [bare, guarded, bare, guarded]) await slice(call, users, sliceMs);
  const [ofBare, ofGuarded, ratios] = [[], [], []];
  for (let pair = 0; pair < pairs; pair += 1) {
    const [a, b] = [await slice(bare, users, sliceMs), await slice(guarded, users, sliceMs)];
    ratios.push(median(b) / median(a));
    ofBare.push(...a);
    ofGuarded.push(...b);
  }
  return {
    in_flight: users.length,
    bare_p50_us: Math.round(median(ofBare) * 1000),
    guarded_p50_us: Math.round(median(ofGuarded) * 1000),
    bare_calls: ofBare.length,
    guarded_calls: ofGuarded.length,
    ratio: rounded(median(ratios)),
    ratio_lowest: rounded(Math.min(...ratios)),
    ratio_highest: rounded(Math.max(...ratios)),
  };
}

function rounded(ratio) {
  return Number(ratio.toFixed(4));
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "at-most": { type: "string", default: "1.15" },
      pairs: { type: "string", default: "12" },
      "slice-ms": { type: "string", default: "1500" },
    },
  });
  const [atMost, pairs, sliceMs] = [Number(values["at-most"]), Number(values.pairs), Number(values["slice-ms"])];
  if (positionals.length !== 1 || !(atMost > 0) || !(pairs >= 1) || !(sliceMs >= 1)) {
    throw new Error("overhead.mjs up.json [--at-most 1.15] [--pairs 12] [--slice-ms 1500]");
  }
  return { up: readUp(positionals[0]), atMost, pairs, sliceMs };
}

const { up, atMost, pairs, sliceMs } = readArguments();
const users = newUsers("overhead-node", Math.max(...IN_FLIGHT));
const admin = new Admin(up);
await admin.fund(users);
admin.close();

const bare = new Bare(up, up.tools_token);
const billing = new Billing({ coreUrl: up.grpc, token: up.tools_token, tenant: up.tenant_id });
const results = [];
for (const inFlight of IN_FLIGHT) {
  const of = users.slice(0, inFlight);
  const result = await compare(bareCall(bare, up.tenant_id), guardedCall(billing), of, pairs, sliceMs);
  results.push(result);
  console.log(
    `node, ${inFlight} in flight: p50 bare ${result.bare_p50_us} us, guarded ${result.guarded_p50_us} us, ` +
      `ratio ${result.ratio} (${result.ratio_lowest} to ${result.ratio_highest})`,
  );
}
const left = await billing.close();
bare.close();
const ok = left === 0 && results.every(({ ratio }) => ratio <= atMost);
const summary = { bench: "overhead", language: "node", pairs, slice_ms: sliceMs, at_most: atMost, results, ok };
console.log(JSON.stringify(summary));
process.exitCode = ok ? 0 : 1;
