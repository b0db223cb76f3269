// A subscription's life by the official Node client: begun, renewed, failing, changed, ended.

import assert from "node:assert/strict";
import Stripe from "stripe";
import { check, refused } from "./stage.mjs";

const { errors } = Stripe;
const HOUR = 3_600;
const DAY = 86_400;

/** A session whose subscription is paid for its first month. */
async function begin(sandbox, more = {}) {
  const price_data = {
    currency: "usd",
    unit_amount: 500,
    recurring: { interval: "month" },
    product_data: { name: "Support us" },
  };
  const { sessions } = sandbox.stripe.checkout;
  const made = await sessions.create({
    mode: "subscription",
    line_items: [{ price_data, quantity: 1 }],
    subscription_data: { metadata: { contribution_id: "c1" } },
    success_url: "https://example.org/thanks",
    ...more,
  });
  await sandbox.control(`sessions/${made.id}/pay`);
  const session = await sessions.retrieve(made.id, { expand: ["subscription"] });
  assert.deepEqual([session.status, session.payment_status], ["complete", "paid"]);
  return session;
}

const periodEnd = (subscription) => subscription.items.data[0].current_period_end;

check("a subscription lives by the clock: it renews, fails, is paid by another card, and ends", async (sandbox) => {
  const { invoices, invoicePayments, paymentMethods, subscriptions } = sandbox.stripe;
  const clocks = sandbox.stripe.testHelpers.testClocks;
  const clock = await clocks.create({ frozen_time: Math.floor(Date.now() / 1000) });
  const advance = (frozen_time) => clocks.advance(clock.id, { frozen_time });

  const { subscription } = await begin(sandbox);
  assert.deepEqual(subscription.metadata, { contribution_id: "c1" });
  await advance(periodEnd(subscription) + HOUR);
  const found = await subscriptions.retrieve(subscription.id, { expand: ["latest_invoice.payments"] });
  const paid = found.latest_invoice;
  assert.deepEqual([paid.status, paid.billing_reason], ["paid", "subscription_cycle"]);
  const { header, body } = await sandbox.webhook("invoice.paid", paid.id);
  const event = sandbox.stripe.webhooks.constructEvent(body, header, sandbox.webhookSecret);
  assert.equal(event.data.object.parent.subscription_details.subscription, found.id);
  const { payment_intent } = paid.payments.data[0].payment;
  const payments = await invoicePayments.list({ payment: { type: "payment_intent", payment_intent } });
  assert.deepEqual(payments.data.map((one) => one.invoice), [paid.id]);

  const failing = await paymentMethods.attach("pm_card_chargeCustomerFail", { customer: found.customer });
  await subscriptions.update(found.id, { default_payment_method: failing.id });
  const due = periodEnd(found) + HOUR;
  await advance(due);
  const open = (await invoices.list({ subscription: found.id, status: "open" })).data[0];
  assert.equal(open.next_payment_attempt, due + 3 * DAY);
  assert.equal((await subscriptions.retrieve(found.id)).status, "past_due");
  await refused(errors.StripeCardError, invoices.pay(open.id));
  const portal = await sandbox.stripe.billingPortal.sessions.create({ customer: found.customer });
  assert.ok(portal.url.startsWith(sandbox.url.origin));
  await sandbox.control(`customers/${found.customer}/card`, { card: "5555555555554444" });
  await advance(due + 3 * DAY);
  assert.equal((await invoices.retrieve(open.id)).status, "paid");

  const planned = await subscriptions.update(found.id, { cancel_at_period_end: true });
  await advance(planned.cancel_at);
  await sandbox.webhook("customer.subscription.deleted", found.id);
  assert.equal((await subscriptions.retrieve(found.id)).ended_at, planned.cancel_at);
  assert.equal((await clocks.del(clock.id)).deleted, true);
});

check("a subscription is cancelled at once, and found among those that ended", async (sandbox) => {
  const { customers, subscriptions } = sandbox.stripe;
  const customer = await customers.create({ email: "a@example.org" });
  const { subscription } = await begin(sandbox, { customer: customer.id });
  const ended = await subscriptions.cancel(subscription.id, { cancellation_details: { comment: "enough" } });
  assert.deepEqual([ended.status, ended.cancellation_details.comment], ["canceled", "enough"]);
  assert.deepEqual((await subscriptions.list({ customer: customer.id })).data, []);
  const all = await subscriptions.list({ customer: customer.id, status: "all" });
  assert.deepEqual(all.data.map((one) => one.id), [subscription.id]);
  const error = await refused(errors.StripeInvalidRequestError, subscriptions.cancel(subscription.id));
  assert.equal(error.statusCode, 404);
});
