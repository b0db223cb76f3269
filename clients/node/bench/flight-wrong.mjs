// A thousand guarded requests in flight at once, through Express 5, in one process: nothing is lost, and memory does
// not grow.
//
//   npm run build
//   taskset --cpu-list 0 node --expose-gc bench/flight.mjs up.json --minutes 5
//
// Handlers wait 0.5 to 3 s; one of sixteen then fails, and must not be charged. RSS and heap are sampled each 10 s, after
// a forced collection. Prints a line for each sample, and the result as one line of JSON. Ends with 1 unless every
// report was charged exactly once, nothing is held, no end is left, and the medians of the last quarter are at most 1.1
// times those of the second.
import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";

import { Billing, guard } from "billing-client";
import express from "express";

import { Admin, median, newUsers, readUp } from "./stack.mjs";

const USERS_MOST = 250;
const HELD_MICROS = 20_000;
const WAIT_LEAST_MS = 500;
const WAIT_MOST_MS = 3_000;
const FAILS_ONE_OF = 16;
/** Of a handler that fails on purpose; whatever fails otherwise is a 500. */
const FAILED = 422;
const SAMPLE_MS = 10_000;
/** Over so long the requests of the beginning are spread. */
const RAMP_MS = 3_000;
const AFTER_REFUSAL_MS = 500;
const CLOSE_WITHIN_MS = 60_000;
/** A placement that was refused because its answer came too late holds until its ttl of 60 s is over. */
const HELD_MOST_MS = 90_000;
const GROWTH_MOST = 1.1;
const MIB = 1024 * 1024;

function serve(billing, reported) {
  const app = express();
  const guarded = guard(billing, {
    tool: "search",
    user: (req) => req.headers["x-user"],
    estimate: { amountMicros: HELD_MICROS },
  });
  app.post("/api/tools/search", guarded, async (req, res) => {
    await wait(WAIT_LEAST_MS + Math.random() * (WAIT_MOST_MS - WAIT_LEAST_MS));
    if (Math.random() * FAILS_ONE_OF < 1) return void res.status(FAILED).json({ error: "failed on purpose" });
    // Often more than was held.
    const micros = 1 + Math.floor(Math.random() * 2 * HELD_MICROS);
    req.billing.report({ amountMicros: micros });
    const books = reported.get(req.billing.user);
    books.count += 1;
    books.micros += BigInt(micros) + 1n;
    res.json({ micros });
  });
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server));
    server.keepAliveTimeout = 60_000;
  });
}

/** Sends a request and reads its answer to the end: the status. */
function post(agent, port, user) {
  const headers = { "x-user": user, "content-length": "0" };
  const options = { agent, host: "127.0.0.1", port, method: "POST", path: "/api/tools/search", headers };
  return new Promise((resolve, reject) => {
    const sent = request(options, (res) => {
      res.once("end", () => resolve(res.statusCode)).once("error", reject);
      res.resume();
    });
    sent.once("error", reject).end();
  });
}

/** Keeps a request in flight until the time is over. */
async function keepCalling(part, user, flight) {
  await wait(part * RAMP_MS);
  while (performance.now() < flight.until) {
    flight.now += 1;
    const status = await post(flight.agent, flight.port, user);
    flight.now -= 1;
    flight.statuses[status] = (flight.statuses[status] ?? 0) + 1;
    // A refusal is the core's load or absence: it is counted, and not hammered at.
    if (status !== 200 && status !== FAILED) await wait(AFTER_REFUSAL_MS);
  }
}

/** Memory after a forced collection, each 10 s, until the time is over. */
async function sample(flight, billing) {
  const samples = [];
  for (let next = flight.began + SAMPLE_MS; next <= flight.until; next += SAMPLE_MS) {
    await wait(next - performance.now());
    globalThis.gc();
    const { rss, heapUsed } = process.memoryUsage();
    samples.push({ rss, heapUsed });
    console.log(
      `${Math.round((performance.now() - flight.began) / 1000)} s: ${flight.now} in flight, rss ${mib(rss)} MiB, ` +
        `heap ${mib(heapUsed)} MiB, backlog ${billing.backlog}, answers ${JSON.stringify(flight.statuses)}`,
    );
  }
  return samples;
}

/** Medians of the second and of the last quarter, and whether the last is not greater than it may be. */
function growth(samples, member) {
  const quarter = (number) => {
    const [from, to] = [number, number + 1].map((quarters) => Math.floor((samples.length * quarters) / 4));
    return median(samples.slice(from, to).map((sampled) => sampled[member]));
  };
  const [second, last] = [quarter(1), quarter(3)];
  return { second_mib: mib(second), last_mib: mib(last), flat: last <= GROWTH_MOST * second };
}

function mib(bytes) {
  return Number((bytes / MIB).toFixed(1));
}

/** The balance of a user, once nothing is held any more; at the latest when the time is over. */
async function settledBalance(admin, user, until) {
  for (;;) {
    const balance = await admin.balance(user);
    if (balance.balance.heldMicros === 0n || performance.now() >= until) return balance;
    await wait(1_000);
  }
}

/** The core's books beside what handlers have reported. */
async function audit(admin, reported) {
  const until = performance.now() + HELD_MOST_MS;
  const found = { reports: 0, charges: 0, reported_micros: 0n, charged_micros: 0n, held_micros: 0n, wrong: [] };
  for (const [user, books] of reported) {
    const [balance, charges] = [await settledBalance(admin, user, until), await admin.charges(user)];
    const { heldMicros, settledMicros } = balance.balance;
    found.reports += books.count;
    found.charges += charges.count;
    found.reported_micros += books.micros;
    found.charged_micros += charges.micros;
    found.held_micros += heldMicros;
    const spent = books.settledMicros - settledMicros;
    const counts = [charges.count, charges.calls, Number(balance.requestCount)];
    const sums = [charges.micros, balance.totalSpentMicros, spent];
    const right = counts.every((count) => count === books.count) && sums.every((sum) => sum === books.micros);
    if (!right || heldMicros !== 0n) found.wrong.push(user);
  }
  return found;
}

async function fly(port, users, billing, { inFlight, minutes }) {
  const began = performance.now();
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const flight = { agent, port, began, until: began + minutes * 60_000, now: 0, statuses: {} };
  const sampling = sample(flight, billing);
  const callers = Array.from({ length: inFlight }, (_, number) =>
    keepCalling(number / inFlight, users[number % users.length], flight),
  );
  await Promise.all(callers);
  agent.destroy();
  return { samples: await sampling, statuses: flight.statuses };
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: "string", default: "5" }, "in-flight": { type: "string", default: "1000" } },
  });
  const [minutes, inFlight] = [Number(values.minutes), Number(values["in-flight"])];
  if (positionals.length !== 1 || !(minutes > 0) || !(inFlight >= 1)) {
    throw new Error("flight.mjs up.json [--minutes 5] [--in-flight 1000]");
  }
  if (globalThis.gc === undefined) throw new Error("flight.mjs needs node --expose-gc");
  return { up: readUp(positionals[0]), minutes, inFlight };
}

const { up, minutes, inFlight } = readArguments();
const users = newUsers("flight-node", Math.min(USERS_MOST, inFlight));
const admin = new Admin(up);
await admin.fund(users);
const reported = new Map();
for (const user of users) {
  const { balance } = await admin.balance(user);
  reported.set(user, { count: 0, micros: 0n, settledMicros: balance.settledMicros });
}

const lost = [];
const billing = new Billing({
  coreUrl: up.grpc,
  token: up.tools_token,
  tenant: up.tenant_id,
  onLost: (end, reason) => lost.push(`${end.id}: ${reason}`),
});
const server = await serve(billing, reported);
const { samples, statuses } = await fly(server.address().port, users, billing, { minutes, inFlight });
server.close();
const left = await billing.close(CLOSE_WITHIN_MS);
const books = await audit(admin, reported);
admin.close();

const [rss, heap] = [growth(samples, "rss"), growth(samples, "heapUsed")];
const nothingLost = books.wrong.length === 0 && books.reports === (statuses[200] ?? 0) && lost.length === 0;
const allEnded = left === 0 && billing.backlog === 0;
const asMeant = books.reports > 0 && statuses[500] === undefined;
const ok = nothingLost && allEnded && asMeant && rss.flat && heap.flat;
const result = {
  bench: "flight",
  language: "node",
  minutes,
  in_flight: inFlight,
  answers: statuses,
  ...books,
  lost,
  left,
  backlog: billing.backlog,
  rss,
  heap,
  ok,
};
console.log(JSON.stringify(result, (_, value) => (typeof value === "bigint" ? value.toString() : value)));
process.exitCode = ok ? 0 : 1;
