// What the Node checks stand on: the sandbox, its controls, and a listener for its webhooks.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import Stripe from "stripe";

const WAIT_MS = 15_000;

export const cases = [];

/** Adds a function to the cases; the sentence is what it proves. */
export function check(sentence, run) {
  cases.push({ sentence, run });
}

function setting(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} must be set: see README.md`);
    process.exit(1);
  }
  return value;
}

export class Sandbox {
  static async open() {
    const sandbox = new Sandbox();
    sandbox.url = new URL(setting("BILLING_SANDBOX_URL"));
    sandbox.webhookSecret = setting("STRIPE_WEBHOOK_SECRET");
    sandbox.key = setting("STRIPE_SECRET_KEY");
    sandbox.stripe = sandbox.client(sandbox.key);
    sandbox.received = [];
    sandbox.server = createServer(async (request, answer) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const header = request.headers["stripe-signature"];
      sandbox.received.push({ header, body: Buffer.concat(chunks).toString() });
      answer.end();
    }).listen(0, "127.0.0.1");
    await once(sandbox.server, "listening");
    const { port } = sandbox.server.address();
    await sandbox.control("webhooks", { urls: [`http://127.0.0.1:${port}/`] });
    return sandbox;
  }

  // Its own retries would hide what a caller of ours must see.
  client(key, more = {}) {
    return new Stripe(key, {
      protocol: "http",
      host: this.url.hostname,
      port: this.url.port,
      maxNetworkRetries: 0,
      timeout: WAIT_MS,
      telemetry: false,
      ...more,
    });
  }

  async control(path, fields = {}) {
    const answer = await fetch(new URL(`/sandbox/${path}`, this.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    const body = await answer.json();
    assert.ok(answer.ok, JSON.stringify(body));
    return body;
  }

  async state() {
    return (await fetch(new URL("/sandbox/state", this.url))).json();
  }

  /** A payment that is made and confirmed in one request. */
  pay(method = "pm_card_visa", more = {}, options = {}) {
    const params = {
      amount: 2000,
      currency: "usd",
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
      confirm: true,
      payment_method: method,
      ...more,
    };
    return this.stripe.paymentIntents.create(params, options);
  }

  /** The first webhook of this type about this object, as it came. */
  async webhook(type, id) {
    const until = Date.now() + WAIT_MS;
    for (;;) {
      for (const one of this.received) {
        const event = JSON.parse(one.body);
        if (event.type === type && event.data?.object?.id === id) return one;
      }
      assert.ok(Date.now() < until, `no ${type} about ${id} within ${WAIT_MS} ms`);
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }
}

/** The error of this class that the promise must end with. */
export async function refused(type, promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    assert.equal(error.constructor.name, type.name, error.message);
    return error;
  }
  assert.fail(`expected ${type.name}, got ${JSON.stringify(answer)}`);
}
