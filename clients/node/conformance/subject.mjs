// The program that the conformance suite drives: see ../../conformance. It uses the built package only.
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

import { Billing, guard, guardFastify } from "billing-client";

const lines = [];
const logger = {};
for (const level of ["info", "warn", "error"]) {
  logger[level] = (message) => {
    lines.push({ level, message });
    console.error(`${level}: ${message}`);
  };
}

/** A cost as the suite writes it: everything but an amount is passed on as it is. */
function costOf(json) {
  const isAmount = json !== null && typeof json === "object" && Object.keys(json).join() === "amount_micros";
  return isAmount ? { amountMicros: json.amount_micros } : json;
}

function openBilling() {
  const given = JSON.parse(process.env.SUBJECT_OPTIONS || "{}");
  return new Billing({
    holdTtlMs: given.hold_ttl_ms,
    decisionDeadlineMs: given.decision_deadline_ms,
    endingDeadlineMs: given.ending_deadline_ms,
    allowUpToMicros: given.allow_up_to_micros,
    unpriced: given.unpriced,
    withoutUser: given.without_user,
    repeats: given.repeats,
    backlogMax: given.backlog_max,
    topupUrl: given.topup_url,
    logger,
  });
}

/** Runs the steps of a call: its status and body. */
async function work(call, body) {
  let billing = null;
  for (const step of body.do ?? []) {
    if ("report" in step) call.report(costOf(step.report));
    if ("capture" in step) {
      const charged = await call.capture(costOf(step.capture));
      billing = charged && {
        charged_micros: charged.chargedMicros.toString(),
        balance_micros: charged.balanceMicros.toString(),
      };
    }
    if ("wait_ms" in step) await wait(step.wait_ms);
    if ("throw" in step) throw new Error(step.throw);
    if ("status" in step) return [step.status, { result: "status" }];
  }
  return [200, { result: "done", billed: call.billed, billing }];
}

const options = {
  tool: (request) => request.params.tool,
  user: (request) => request.headers["x-user"],
  estimate: (request) => (request.body.estimate === undefined ? {} : costOf(request.body.estimate)),
};

function state(billing) {
  return { backlog: billing.backlog, calls: billing.calls, log: lines };
}

async function serveExpress(billing, name) {
  const { default: express } = await import(name);
  const app = express();
  app.use(express.json());
  const handler = async (req, res) => {
    const [status, body] = await work(req.billing, req.body);
    res.status(status).json(body);
  };
  // Express 4 does not see what an async handler rejects with.
  const handled = name === "express4" ? (req, res, next) => handler(req, res).catch(next) : handler;
  app.post("/api/tools/:tool", guard(billing, options), handled);
  app.get("/state", (_req, res) => res.json(state(billing)));
  app.post("/close", (req, res, next) => {
    billing.close(req.body.within_ms).then((left) => res.json({ left }), next);
  });
  app.use((error, _req, res, _next) => {
    if (!res.headersSent) res.status(500).json({ error: error.message });
  });
  const server = createServer(app);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
}

async function serveFastify(billing) {
  const { default: fastify } = await import("fastify");
  const app = fastify();
  app.post("/api/tools/:tool", { ...guardFastify(billing, options) }, async (request, reply) => {
    const [status, body] = await work(request.billing, request.body);
    return reply.code(status).send(body);
  });
  app.get("/state", async () => state(billing));
  app.post("/close", async (request) => ({ left: await billing.close(request.body.within_ms) }));
  app.setErrorHandler((error, _request, reply) => reply.code(500).send({ error: error.message }));
  await app.listen({ host: "127.0.0.1", port: 0 });
  return app.server.address().port;
}

async function main() {
  const framework = process.env.SUBJECT_FRAMEWORK || "express4";
  const billing = openBilling();
  const port = framework === "fastify" ? await serveFastify(billing) : await serveExpress(billing, framework);
  console.log(JSON.stringify({ port }));
}

process.on("SIGTERM", () => process.exit(0));
main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
