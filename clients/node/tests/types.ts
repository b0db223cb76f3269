// Compiled by `npm run check`, never run: the guards fit the types of their frameworks.
import express from "express";
import type { Request } from "express";
import fastify from "fastify";

import "../src/fastify-types.js";
import { Billing, guard, guardFastify } from "../src/index.js";

const billing = new Billing({ allowUpToMicros: 1_000_000n });

const app = express();
app.post(
  "/api/tools/:tool",
  guard<Request<{ tool: string }>>(billing, {
    tool: (req) => req.params.tool,
    user: (req) => req.get("x-user"),
    estimate: { query_tokens: 3 },
  }),
  (req, res) => {
    req.billing?.report({ query_tokens: 4n });
    res.json({});
  },
);
app.post("/api/search", guard(billing, { tool: "search", user: async () => null }), (_req, res) => {
  res.json({});
});

const server = fastify();
server.post<{ Params: { tool: string } }>(
  "/api/tools/:tool",
  { ...guardFastify(billing, { tool: "search", user: (request) => String(request.raw.headers["x-user"]) }) },
  async (request) => request.billing?.capture({ amountMicros: 20_000n }),
);

const balance: Promise<bigint | undefined> = billing.core
  .getBalance({ account: billing.account("a user") })
  .then((answer) => answer.balance?.availableMicros);
void balance;
