// Receives signed webhooks of a running `up` and verifies them by the official Node library.
//
//   BILLING_ENDPOINT_ALLOWED_NETWORKS=127.0.0.0/8 cargo xtask up --json > up.json
//   BILLING_CORE=../../target/debug/billing-core node receiver.mjs up.json

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { promisify } from "node:util";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

const PATIENCE_MS = 30_000;
const run = promisify(execFile);
const up = JSON.parse(readFileSync(process.argv[2], "utf8"));

const arrived = [];
const waiting = [];

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const message = { headers: request.headers, body: Buffer.concat(chunks).toString("utf8") };
  response.writeHead(204).end();
  const next = waiting.shift();
  if (next) next(message);
  else arrived.push(message);
});

async function core(...args) {
  const env = {
    ...process.env,
    DATABASE_URL: up.database_url,
    USER: "test",
    BILLING_ENDPOINT_ALLOWED_NETWORKS: "127.0.0.0/8",
  };
  const { stdout } = await run(process.env.BILLING_CORE, [...args, "--json"], { env });
  return JSON.parse(stdout);
}

/** The message of a grant of so much. Those of grants of before the endpoint may come first. */
async function granted(micros, secrets) {
  const whose = ["--tenant", up.tenant_id, "--user", up.user_id];
  const grant = ["--amount-micros", String(micros), "--reason", "a webhook"];
  await core("accounts", "grant", ...whose, ...grant);
  for (;;) {
    const message = await received();
    if (verified(message, secrets.slice(0, 1)).data.amount_micros === micros) {
      return verified(message, secrets);
    }
  }
}

function received() {
  if (arrived.length > 0) return Promise.resolve(arrived.shift());
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("nothing arrives")), PATIENCE_MS);
    waiting.push((found) => {
      clearTimeout(late);
      resolve(found);
    });
  });
}

/** What a message says, which verifies by each of the secrets, and by none where a byte of it is another. */
function verified({ headers, body }, secrets) {
  let event;
  for (const secret of secrets) {
    const webhook = new Webhook(secret);
    event = webhook.verify(body, headers);
    for (const forged of [`${body} `, body.replace("1", "2")]) {
      assert.throws(() => webhook.verify(forged, headers), WebhookVerificationError);
    }
  }
  assert.equal(headers["webhook-id"], event.id);
  assert.equal(headers["content-type"], "application/cloudevents+json");
  return event;
}

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/events`;
const whose = ["--tenant", up.tenant_id, "--owner", "dev@platform.example.org"];
const added = await core("endpoints", "add", "--url", url, ...whose);
assert.deepEqual(await core("endpoints", "test", added.id), { taken: true, status: 204 });
assert.equal(verified(await received(), [added.secret]).type, "endpoint.test");
assert.equal((await granted(10_001, [added.secret])).type, "balance.credited");
const rotated = await core("endpoints", "rotate", added.id);
const event = await granted(10_002, [added.secret, rotated.secret]);
assert.deepEqual([event.type, event.tenant], ["balance.credited", up.tenant_id]);
await core("endpoints", "remove", added.id);
server.close();
server.closeAllConnections();
console.log("ok    npm standardwebhooks verifies what is sent, by the former and the new secret");
