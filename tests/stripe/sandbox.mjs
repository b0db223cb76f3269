// Drives a running billing-sandbox by the official Node client, and asserts what it answers.
//
//   BILLING_SANDBOX_URL=… STRIPE_SECRET_KEY=… STRIPE_WEBHOOK_SECRET=… node sandbox.mjs

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import Stripe from "stripe";
import "./checkout.mjs";
import "./subscriptions.mjs";
import { Sandbox, cases, check, refused } from "./stage.mjs";

const { errors } = Stripe;

check("a payment that is confirmed is paid, and found again with its charge", async (sandbox) => {
  const made = await sandbox.pay("pm_card_visa", { metadata: { payment_id: "p 1/ä" } });
  assert.equal(made.status, "succeeded");
  assert.equal(made.amount_received, 2000);
  assert.ok(made.client_secret.startsWith(`${made.id}_secret_`));
  const found = await sandbox.stripe.paymentIntents.retrieve(made.id, {
    expand: ["latest_charge.balance_transaction", "payment_method"],
  });
  assert.deepEqual(found.metadata, { payment_id: "p 1/ä" });
  assert.equal(found.latest_charge.paid, true);
  assert.ok(found.latest_charge.balance_transaction.net < 2000);
  assert.equal(found.payment_method.card.last4, "4242");
});

check("a payment is confirmed later by the number of a card", async (sandbox) => {
  const made = await sandbox.stripe.paymentIntents.create({
    amount: 700,
    currency: "usd",
    automatic_payment_methods: { enabled: true },
  });
  assert.equal(made.status, "requires_payment_method");
  const card = { number: "4242424242424242", exp_month: 12, exp_year: 2034, cvc: "123" };
  const done = await sandbox.stripe.paymentIntents.confirm(made.id, {
    payment_method_data: { type: "card", card },
    return_url: "https://example.org/back",
  });
  assert.equal(done.status, "succeeded");
});

check("a declined card is a card error, and its payment can be tried again", async (sandbox) => {
  const error = await refused(errors.StripeCardError, sandbox.pay("pm_card_chargeDeclined"));
  assert.equal(error.code, "card_declined");
  assert.equal(error.decline_code, "generic_decline");
  assert.equal(error.statusCode, 402);
  const { id } = error.payment_intent;
  const intent = await sandbox.stripe.paymentIntents.retrieve(id);
  assert.equal(intent.status, "requires_payment_method");
  assert.equal(intent.last_payment_error.code, "card_declined");
  await sandbox.webhook("payment_intent.payment_failed", id);
  const paid = await sandbox.stripe.paymentIntents.confirm(id, { payment_method: "pm_card_visa" });
  assert.equal(paid.status, "succeeded");
});

check("3-D Secure asks the payer, who passes or fails", async (sandbox) => {
  const retrieve = (id) => sandbox.stripe.paymentIntents.retrieve(id);
  const passes = await sandbox.pay("pm_card_threeDSecure2Required");
  assert.equal(passes.status, "requires_action");
  await sandbox.webhook("payment_intent.requires_action", passes.id);
  await sandbox.control(`payments/${passes.id}/authenticate`);
  assert.equal((await retrieve(passes.id)).status, "succeeded");
  const fails = await sandbox.pay("pm_card_threeDSecure2Required");
  await sandbox.control(`payments/${fails.id}/fail_authentication`);
  const failed = await retrieve(fails.id);
  assert.equal(failed.status, "requires_payment_method");
  assert.equal(failed.last_payment_error.code, "payment_intent_authentication_failure");
});

check("a paid payment is not canceled, another is", async (sandbox) => {
  const made = await sandbox.stripe.paymentIntents.create({ amount: 900, currency: "usd" });
  assert.equal((await sandbox.stripe.paymentIntents.cancel(made.id)).status, "canceled");
  await sandbox.webhook("payment_intent.canceled", made.id);
  const paid = await sandbox.pay();
  const cancel = sandbox.stripe.paymentIntents.cancel(paid.id);
  const error = await refused(errors.StripeInvalidRequestError, cancel);
  assert.equal(error.code, "payment_intent_unexpected_state");
});

check("the same key answers the same, and refuses other content", async (sandbox) => {
  const options = { idempotencyKey: randomUUID() };
  const first = await sandbox.pay("pm_card_visa", {}, options);
  const again = await sandbox.pay("pm_card_visa", {}, options);
  assert.equal(again.id, first.id);
  assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
  assert.equal(first.lastResponse.headers["idempotent-replayed"], undefined);
  const other = sandbox.pay("pm_card_visa", { amount: 2100 }, options);
  const error = await refused(errors.StripeIdempotencyError, other);
  assert.equal(error.statusCode, 400);
});

check("a key that is in use is refused until its request has ended", async (sandbox) => {
  const options = { idempotencyKey: randomUUID() };
  await sandbox.control("faults", { fault: "slow", request: "create_payment_intent", ms: 1500 });
  const slow = sandbox.pay("pm_card_visa", {}, options);
  // It holds the key as soon as the fault is its own.
  while ((await sandbox.state()).faults_left > 0);
  // The Node client knows no class for a conflict.
  const error = await refused(errors.StripeAPIError, sandbox.pay("pm_card_visa", {}, options));
  assert.equal(error.statusCode, 409);
  assert.equal(error.code, "idempotency_key_in_use");
  const made = await slow;
  assert.equal((await sandbox.pay("pm_card_visa", {}, options)).id, made.id);
});

check("refunds are given in parts up to what was paid, and never beyond it", async (sandbox) => {
  const { id, latest_charge } = await sandbox.pay();
  const create = (more) => sandbox.stripe.refunds.create({ payment_intent: id, ...more });
  const tooMuch = await refused(errors.StripeInvalidRequestError, create({ amount: 2001 }));
  assert.equal(tooMuch.param, "amount");
  const first = await create({ amount: 500, metadata: { refund_id: "r1" } });
  assert.equal(first.status, "succeeded");
  await refused(errors.StripeInvalidRequestError, create({ amount: 1501 }));
  const second = await create({});
  assert.equal(second.amount, 1500);
  const again = await refused(errors.StripeInvalidRequestError, create({}));
  assert.equal(again.code, "charge_already_refunded");
  const listed = await sandbox.stripe.refunds.list({ payment_intent: id });
  assert.deepEqual(listed.data.map((refund) => refund.id), [second.id, first.id]);
  const charge = await sandbox.stripe.charges.retrieve(latest_charge);
  assert.ok(charge.refunded);
  await sandbox.webhook("refund.created", first.id);
  await sandbox.webhook("charge.refunded", charge.id);
});

check("a refund that fails after it succeeded brings the money back", async (sandbox) => {
  const { id, latest_charge } = await sandbox.pay();
  const refund = await sandbox.stripe.refunds.create({ payment_intent: id });
  await sandbox.control(`refunds/${refund.id}/fail`);
  const failed = await sandbox.stripe.refunds.retrieve(refund.id);
  assert.equal(failed.status, "failed");
  assert.ok(failed.failure_balance_transaction);
  assert.equal((await sandbox.stripe.charges.retrieve(latest_charge)).amount_refunded, 0);
  await sandbox.webhook("refund.failed", refund.id);
});

check("a dispute takes the money, and gives it back where it is won", async (sandbox) => {
  const { id } = await sandbox.pay();
  const opened = await sandbox.control(`payments/${id}/dispute`);
  const listed = await sandbox.stripe.disputes.list({ payment_intent: id });
  assert.equal(listed.data[0].id, opened.id);
  await sandbox.webhook("charge.dispute.funds_withdrawn", opened.id);
  const refund = sandbox.stripe.refunds.create({ payment_intent: id });
  assert.equal((await refused(errors.StripeInvalidRequestError, refund)).code, "charge_disputed");
  await sandbox.control(`disputes/${opened.id}/win`);
  const won = await sandbox.stripe.disputes.retrieve(opened.id);
  assert.equal(won.status, "won");
  assert.deepEqual(won.balance_transactions.map((moved) => moved.amount), [-2000, 2000]);
  await sandbox.webhook("charge.dispute.funds_reinstated", opened.id);
  await sandbox.webhook("charge.dispute.closed", opened.id);
});

check("customers and payments are listed newest first, page by page", async (sandbox) => {
  const email = `${randomUUID()}@example.org`;
  const customer = await sandbox.stripe.customers.create({ email });
  assert.equal((await sandbox.stripe.customers.list({ email })).data[0].id, customer.id);
  await sandbox.webhook("customer.created", customer.id);
  const made = [];
  for (let i = 0; i < 5; i += 1) {
    made.unshift((await sandbox.pay("pm_card_visa", { customer: customer.id })).id);
  }
  const found = [];
  const pages = sandbox.stripe.paymentIntents.list({ customer: customer.id, limit: 2 });
  for await (const intent of pages) found.push(intent.id);
  assert.deepEqual(found, made);
});

check("what is wrong with a request is said as Stripe says it", async (sandbox) => {
  const create = (params) => sandbox.stripe.paymentIntents.create(params);
  for (const [params, code, param] of [
    [{ amount: 49, currency: "usd" }, "amount_too_small", "amount"],
    [{ amount: 100, currency: "xxx" }, undefined, "currency"],
    [{ currency: "usd" }, "parameter_missing", "amount"],
    [{ amount: "1.5", currency: "usd" }, "parameter_invalid_integer", "amount"],
    [{ amount: 100, currency: "usd", nonsense: 1 }, "parameter_unknown", "nonsense"],
    [{ amount: 100, currency: "usd", customer: "cus_x" }, "resource_missing", "customer"],
  ]) {
    const error = await refused(errors.StripeInvalidRequestError, create(params));
    assert.deepEqual([error.statusCode, error.code, error.param], [400, code, param]);
  }
  const unknown = sandbox.stripe.paymentIntents.retrieve("pi_unknown");
  const missing = await refused(errors.StripeInvalidRequestError, unknown);
  assert.deepEqual([missing.statusCode, missing.code], [404, "resource_missing"]);
  const stranger = sandbox.client("sk_test_somebody_else").paymentIntents.list();
  const error = await refused(errors.StripeAuthenticationError, stranger);
  assert.equal(error.statusCode, 401);
  assert.ok(error.requestId.startsWith("req_"));
});

check("webhooks are signed so that the official client takes them, and nothing else", async (sandbox) => {
  const made = await sandbox.pay("pm_card_visa", { metadata: { payment_id: "p1" } });
  const { header, body } = await sandbox.webhook("payment_intent.succeeded", made.id);
  const construct = (text, secret) => sandbox.stripe.webhooks.constructEvent(text, header, secret);
  const event = construct(body, sandbox.webhookSecret);
  assert.deepEqual(event.data.object.metadata, { payment_id: "p1" });
  const stored = await sandbox.stripe.events.retrieve(event.id);
  assert.equal(stored.data.object.id, made.id);
  const type = errors.StripeSignatureVerificationError;
  await refused(type, (async () => construct(`${body} `, sandbox.webhookSecret))());
  await refused(type, (async () => construct(body, "whsec_other"))());
});

check("an answer that is lost has taken effect, and the key tells what it was", async (sandbox) => {
  const params = { amount: 1000, currency: "usd" };
  const impatient = sandbox.client(sandbox.key, { timeout: 1000 });
  for (const [fault, type] of [
    ["bad_gateway_after_commit", errors.StripeAPIError],
    ["time_out", errors.StripeConnectionError],
  ]) {
    const options = { idempotencyKey: randomUUID() };
    await sandbox.control("faults", { fault, request: "create_payment_intent", ms: 60_000 });
    await refused(type, impatient.paymentIntents.create(params, options));
    const found = await sandbox.stripe.paymentIntents.create(params, options);
    assert.equal(found.lastResponse.headers["idempotent-replayed"], "true");
  }
  const options = { idempotencyKey: randomUUID() };
  await sandbox.control("faults", { fault: "fail_after_commit", request: "create_payment_intent" });
  for (let i = 0; i < 2; i += 1) {
    const error = await refused(errors.StripeAPIError, sandbox.pay("pm_card_visa", {}, options));
    assert.equal(error.statusCode, 500, "Stripe's keys keep a 500");
  }
  await sandbox.control("faults", { fault: "too_many_requests" });
  await refused(errors.StripeRateLimitError, sandbox.stripe.paymentIntents.list());
});

const sandbox = await Sandbox.open();
let failed = 0;
for (const { sentence, run } of cases) {
  try {
    await run(sandbox);
    console.log(`ok    ${sentence}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${sentence}\n${error.stack}`);
  }
}
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
