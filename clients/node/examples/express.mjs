// A tool backend that bills its calls. BILLING_CORE_URL, BILLING_TOOLS_TOKEN and BILLING_TENANT say where and for whom;
// JWT_SECRET is that of the users' tokens; services call by one of API_KEYS, and are not billed; PORT is 3000.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

import { Billing, guard } from "billing-client";
import express from "express";

const { JWT_SECRET: jwtSecret, API_KEYS: apiKeys = "", PORT: port = "3000" } = process.env;
if (!jwtSecret) throw new Error("JWT_SECRET is not set");
const digest = (text) => createHash("sha256").update(text).digest();
const keys = apiKeys.split(",").filter(Boolean).map(digest);

/** Who pays: a user, by the claim `userId` of a JWT; null where a service calls by its key; undefined: refused. */
function payer(req) {
  const bearer = /^bearer +(\S+)$/i.exec(req.get("authorization") ?? "")?.[1] ?? "";
  if (keys.some((key) => timingSafeEqual(key, digest(bearer)))) return null;
  const [header, payload, signature = "", more] = bearer.split(".");
  const expected = createHmac("sha256", jwtSecret).update(`${header}.${payload}`).digest("base64url");
  if (more !== undefined || !timingSafeEqual(digest(signature), digest(expected))) return undefined;
  const [{ alg }, claims] = [header, payload].map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  const valid = alg === "HS256" && claims.exp > Date.now() / 1000 && typeof claims.userId === "string";
  return valid ? claims.userId : undefined;
}

const words = (text) => text.split(/\s+/).filter(Boolean);
/** The tools, whose work is only pretended. */
const tools = {
  search: (query) => `A ruling on ${query}`,
  summarize: (query) => words(query).slice(0, 6).join(" "),
  translate: (query) => {
    if (!/\p{L}/u.test(query)) throw new Error("there is nothing to translate");
    return query.toUpperCase();
  },
};
const budgets = ["quick", "standard", "deep"];
/** Exactly the units of the tool's price. */
function usage(tool, tokens, budget) {
  const chosen = budgets.map((each) => [`budget_${each}`, each === budget ? 1 : 0]);
  return tool === "summarize" ? { query_tokens: tokens, ...Object.fromEntries(chosen) } : {};
}

const answer = (res, status, error, message, code) => res.status(status).json({ error, message, code });
/** What the guard must know: who calls, and with which question. */
function read(req, res, next) {
  const { query, budget = "standard" } = req.body ?? {};
  Object.assign(req, { payer: payer(req), question: { query, budget } });
  if (req.payer === undefined) {
    res.set("www-authenticate", "Bearer");
    answer(res, 401, "Unauthorized", "Send a valid bearer token or API key.", "UNAUTHENTICATED");
  } else if (!Object.hasOwn(tools, req.params.tool)) {
    answer(res, 404, "Unknown tool", "There is no such tool.", "UNKNOWN_TOOL");
  } else if (typeof query !== "string" || !budgets.includes(budget)) {
    next({ status: 400, message: "query must be text, and budget quick, standard or deep" });
  } else next();
}

const billing = new Billing({ withoutUser: "pass" });
const guarded = guard(billing, {
  tool: (req) => req.params.tool,
  user: (req) => req.payer,
  // Four characters are about a token.
  estimate: ({ params, question }) => usage(params.tool, Math.ceil([...question.query].length / 4), question.budget),
});
const app = express();
app.post("/api/tools/:tool", express.json(), read, guarded, ({ params, question, billing: call }, res) => {
  const result = tools[params.tool](question.query);
  call.report(usage(params.tool, words(question.query).length, question.budget));
  res.json({ result, billed: call.billed });
});
// The status that an error ends with gives the hold back.
app.use(({ status, message, stack }, _req, res, _next) => {
  if (status) return answer(res, status, "Invalid request", message, "INVALID_REQUEST");
  console.error(stack);
  return answer(res, 500, "Tool failed", "The tool failed; nothing was charged.", "TOOL_FAILED");
});
const server = app.listen(port, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
process.on("SIGTERM", async () => {
  server.close();
  process.exit((await billing.close()) === 0 ? 0 : 1);
});
