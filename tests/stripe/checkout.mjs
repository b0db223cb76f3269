// Checkout Sessions by the official Node client.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import Stripe from "stripe";
import { check, refused } from "./stage.mjs";

const { errors } = Stripe;

function open(sandbox, more = {}, options = {}) {
  const product_data = { name: "Support us", description: "Thank you" };
  const params = {
    mode: "payment",
    line_items: [{ price_data: { currency: "usd", unit_amount: 2500, product_data }, quantity: 1 }],
    metadata: { payment_id: "p1" },
    payment_intent_data: { metadata: { payment_id: "p1" } },
    client_reference_id: "p1",
    success_url: "https://example.org/thanks?session={CHECKOUT_SESSION_ID}",
    cancel_url: "https://example.org/support?cancelled=true",
    ...more,
  };
  return sandbox.stripe.checkout.sessions.create(params, options);
}

check("a session is made, found, listed and paid on its page", async (sandbox) => {
  const { sessions } = sandbox.stripe.checkout;
  const customer = await sandbox.stripe.customers.create({});
  const made = await open(sandbox, { customer: customer.id });
  assert.deepEqual([made.status, made.payment_status, made.payment_intent], ["open", "unpaid", null]);
  await sandbox.control(`sessions/${made.id}/pay`, { card: "4000000000003220" });
  await sandbox.control(`sessions/${made.id}/authenticate`);
  const found = await sessions.retrieve(made.id, { expand: ["payment_intent"] });
  assert.deepEqual([found.status, found.payment_status], ["complete", "paid"]);
  assert.deepEqual(found.payment_intent.metadata, { payment_id: "p1" });
  const listed = await sessions.list({ customer: customer.id, status: "complete" });
  assert.deepEqual(listed.data.map((one) => one.id), [made.id]);
  const items = await sessions.listLineItems(made.id);
  assert.equal(items.data[0].amount_total, 2500);
});

check("a session's webhooks are signed, and say how it is paid", async (sandbox) => {
  const made = await open(sandbox);
  await sandbox.control(`sessions/${made.id}/pay_later`);
  const { header, body } = await sandbox.webhook("checkout.session.completed", made.id);
  const event = sandbox.stripe.webhooks.constructEvent(body, header, sandbox.webhookSecret);
  assert.equal(event.data.object.payment_status, "unpaid");
  await sandbox.control(`sessions/${made.id}/fail`);
  await sandbox.webhook("checkout.session.async_payment_failed", made.id);
});

check("an open session is expired, another is not", async (sandbox) => {
  const { sessions } = sandbox.stripe.checkout;
  const made = await open(sandbox);
  assert.equal((await sessions.expire(made.id)).status, "expired");
  await sandbox.webhook("checkout.session.expired", made.id);
  const error = await refused(errors.StripeInvalidRequestError, sessions.expire(made.id));
  assert.equal(error.statusCode, 400);
});

check("a session's key answers the same, and refuses other content", async (sandbox) => {
  const options = { idempotencyKey: randomUUID() };
  const first = await open(sandbox, {}, options);
  assert.equal((await open(sandbox, {}, options)).id, first.id);
  const other = open(sandbox, { client_reference_id: "p2" }, options);
  await refused(errors.StripeIdempotencyError, other);
});
