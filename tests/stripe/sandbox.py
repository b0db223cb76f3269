"""Drives a running billing-sandbox by the official Python client, and asserts what it answers.

    BILLING_SANDBOX_URL=… STRIPE_SECRET_KEY=… STRIPE_WEBHOOK_SECRET=… python sandbox.py
"""

import sys
import threading
import time
import traceback
import uuid

sys.dont_write_bytecode = True

import checkout  # noqa: F401  its cases
import stripe
import subscriptions  # noqa: F401  its cases
from stage import CASES, Sandbox, case, refused


def new_key():
    return f"key-{uuid.uuid4()}"


@case("a payment that is confirmed is paid, and found again with its charge")
def paid(sandbox):
    made = sandbox.pay(metadata={"payment_id": "p 1/ä"}, receipt_email="a@example.org")
    assert made.status == "succeeded" and made.amount_received == 2000 and not made.livemode
    assert made.client_secret.startswith(f"{made.id}_secret_")
    found = sandbox.stripe.payment_intents.retrieve(
        made.id, {"expand": ["latest_charge.balance_transaction", "payment_method"]}
    )
    assert found.metadata.to_dict() == {"payment_id": "p 1/ä"}
    assert found.latest_charge.paid and found.latest_charge.balance_transaction.net < 2000
    assert found.payment_method.card.last4 == "4242"


@case("a payment is made first and confirmed later, by the number of a card")
def confirmed_later(sandbox):
    made = sandbox.stripe.payment_intents.create(
        {"amount": 700, "currency": "usd", "automatic_payment_methods": {"enabled": True}}
    )
    assert made.status == "requires_payment_method"
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    done = sandbox.stripe.payment_intents.confirm(
        made.id,
        {
            "payment_method_data": {"type": "card", "card": card},
            "return_url": "https://example.org/back",
        },
    )
    assert done.status == "succeeded"
    again = refused(
        stripe.InvalidRequestError,
        lambda: sandbox.stripe.payment_intents.confirm(
            made.id, {"payment_method": "pm_card_visa", "return_url": "https://example.org/"}
        ),
    )
    assert again.code == "payment_intent_unexpected_state"


@case("a declined card is a CardError, and its payment can be tried again")
def declined(sandbox):
    error = refused(stripe.CardError, lambda: sandbox.pay("pm_card_chargeDeclined"))
    assert error.code == "card_declined" and error.http_status == 402
    assert error.error.decline_code == "generic_decline"
    intent = sandbox.stripe.payment_intents.retrieve(error.error.payment_intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == "card_declined"
    assert sandbox.stripe.charges.retrieve(intent.latest_charge).status == "failed"
    sandbox.webhook("payment_intent.payment_failed", intent.id)
    done = sandbox.stripe.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert done.status == "succeeded" and done.last_payment_error is None


@case("3-D Secure asks the payer, who passes or fails")
def three_d_secure(sandbox):
    asked = sandbox.pay("pm_card_threeDSecure2Required")
    assert asked.status == "requires_action" and asked.next_action.redirect_to_url.url
    sandbox.webhook("payment_intent.requires_action", asked.id)
    sandbox.control(f"payments/{asked.id}/authenticate")
    assert sandbox.stripe.payment_intents.retrieve(asked.id).status == "succeeded"
    asked = sandbox.pay("pm_card_threeDSecure2Required")
    sandbox.control(f"payments/{asked.id}/fail_authentication")
    failed = sandbox.stripe.payment_intents.retrieve(asked.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    error = refused(
        stripe.CardError, lambda: sandbox.pay("pm_card_authenticationRequired", off_session=True)
    )
    assert error.code == "authentication_required"


@case("a payment whose outcome comes later is processing until then")
def delayed(sandbox):
    made = sandbox.stripe.payment_intents.create({"amount": 900, "currency": "usd"})
    sandbox.control(f"payments/{made.id}/delay")
    assert sandbox.stripe.payment_intents.retrieve(made.id).status == "processing"
    sandbox.webhook("payment_intent.processing", made.id)
    sandbox.control(f"payments/{made.id}/complete")
    assert sandbox.stripe.payment_intents.retrieve(made.id).status == "succeeded"


@case("a payment is updated and canceled, and a paid one is not")
def canceled(sandbox):
    made = sandbox.stripe.payment_intents.create({"amount": 900, "currency": "usd"})
    updated = sandbox.stripe.payment_intents.update(made.id, {"metadata": {"a": "1", "b": "2"}})
    updated = sandbox.stripe.payment_intents.update(made.id, {"metadata": {"a": ""}})
    assert updated.metadata.to_dict() == {"b": "2"}
    updated = sandbox.stripe.payment_intents.update(
        made.id, {"amount": 950, "payment_method": "pm_card_visa"}
    )
    assert (updated.amount, updated.status) == (950, "requires_confirmation")
    done = sandbox.stripe.payment_intents.cancel(made.id, {"cancellation_reason": "abandoned"})
    assert done.status == "canceled" and done.cancellation_reason == "abandoned"
    sandbox.webhook("payment_intent.canceled", made.id)
    paid_one = sandbox.pay()
    error = refused(
        stripe.InvalidRequestError, lambda: sandbox.stripe.payment_intents.cancel(paid_one.id)
    )
    assert error.code == "payment_intent_unexpected_state"


@case("the same key answers the same, and other content under it is an IdempotencyError")
def idempotent(sandbox):
    options = {"idempotency_key": new_key()}
    first = sandbox.pay(options=options)
    again = sandbox.pay(options=options)
    assert again.id == first.id and again.last_response.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.last_response.headers
    error = refused(stripe.IdempotencyError, lambda: sandbox.pay(amount=2100, options=options))
    assert error.http_status == 400
    options = {"idempotency_key": new_key()}
    ids = set()
    for _ in range(2):
        error = refused(
            stripe.CardError, lambda: sandbox.pay("pm_card_chargeDeclined", options=options)
        )
        ids.add(error.error.payment_intent.id)
    assert len(ids) == 1, "a decline is replayed too"


@case("a key that is in use is refused until its request has ended")
def key_in_use(sandbox):
    options = {"idempotency_key": new_key()}
    sandbox.control("faults", fault="slow", request="create_payment_intent", ms=1500)
    made = []
    slow = threading.Thread(target=lambda: made.append(sandbox.pay(options=options)))
    slow.start()
    # It holds the key as soon as the fault is its own.
    while sandbox.state()["faults_left"] > 0:
        time.sleep(0.02)
    # The Python client knows no class for a conflict.
    error = refused(stripe.APIError, lambda: sandbox.pay(options=options))
    assert error.http_status == 409 and error.error.code == "idempotency_key_in_use"
    slow.join()
    assert sandbox.pay(options=options).id == made[0].id


@case("refunds are given in parts up to what was paid, and never beyond it")
def refunds(sandbox):
    made = sandbox.pay(amount=2000)
    create = sandbox.stripe.refunds.create
    error = refused(
        stripe.InvalidRequestError, lambda: create({"payment_intent": made.id, "amount": 2001})
    )
    assert error.param == "amount"
    first = create(
        {
            "payment_intent": made.id,
            "amount": 500,
            "reason": "requested_by_customer",
            "metadata": {"refund_id": "r1"},
        }
    )
    assert first.status == "succeeded" and first.metadata.to_dict() == {"refund_id": "r1"}
    error = refused(
        stripe.InvalidRequestError, lambda: create({"payment_intent": made.id, "amount": 1501})
    )
    assert "unrefunded amount" in error.user_message
    second = create({"charge": made.latest_charge})
    assert second.amount == 1500
    error = refused(stripe.InvalidRequestError, lambda: create({"payment_intent": made.id}))
    assert error.code == "charge_already_refunded"
    listed = sandbox.stripe.refunds.list({"payment_intent": made.id})
    assert [refund.id for refund in listed.data] == [second.id, first.id]
    charge = sandbox.stripe.charges.retrieve(made.latest_charge, {"expand": ["refunds"]})
    assert charge.refunded and charge.amount_refunded == 2000 and len(charge.refunds.data) == 2
    sandbox.webhook("refund.created", first.id)
    sandbox.webhook("charge.refunded", charge.id)
    unpaid = sandbox.stripe.payment_intents.create({"amount": 900, "currency": "usd"})
    refused(stripe.InvalidRequestError, lambda: create({"payment_intent": unpaid.id}))


@case("a refund that fails after it succeeded can be given again")
def failed_refund(sandbox):
    made = sandbox.pay(amount=2000)
    refund = sandbox.stripe.refunds.create({"payment_intent": made.id})
    sandbox.control(f"refunds/{refund.id}/fail")
    refund = sandbox.stripe.refunds.retrieve(refund.id)
    assert refund.status == "failed" and refund.failure_reason == "lost_or_stolen_card"
    assert sandbox.stripe.charges.retrieve(made.latest_charge).amount_refunded == 0
    sandbox.webhook("refund.failed", refund.id)
    assert sandbox.stripe.refunds.create({"payment_intent": made.id}).status == "succeeded"


@case("a refund that waits is completed, or called off")
def pending_refund(sandbox):
    made = sandbox.pay("pm_card_pendingRefund", amount=2000)
    first = sandbox.stripe.refunds.create({"payment_intent": made.id, "amount": 800})
    second = sandbox.stripe.refunds.create({"payment_intent": made.id, "amount": 700})
    assert (first.status, second.status) == ("pending", "pending")
    sandbox.control(f"refunds/{first.id}/complete")
    assert sandbox.stripe.refunds.retrieve(first.id).status == "succeeded"
    assert sandbox.stripe.refunds.cancel(second.id).status == "canceled"
    refused(stripe.InvalidRequestError, lambda: sandbox.stripe.refunds.cancel(first.id))
    assert sandbox.stripe.charges.retrieve(made.latest_charge).amount_refunded == 800


@case("a dispute takes the money, and gives it back where it is won")
def dispute(sandbox):
    made = sandbox.pay(amount=2000)
    opened = sandbox.control(f"payments/{made.id}/dispute")
    found = sandbox.stripe.disputes.list({"payment_intent": made.id}).data[0]
    assert found.id == opened["id"] and found.status == "needs_response"
    assert [moved.amount for moved in found.balance_transactions] == [-2000]
    sandbox.webhook("charge.dispute.created", found.id)
    sandbox.webhook("charge.dispute.funds_withdrawn", found.id)
    error = refused(
        stripe.InvalidRequestError,
        lambda: sandbox.stripe.refunds.create({"payment_intent": made.id}),
    )
    assert error.code == "charge_disputed"
    sandbox.control(f"disputes/{found.id}/win")
    found = sandbox.stripe.disputes.retrieve(found.id)
    assert found.status == "won"
    assert [moved.amount for moved in found.balance_transactions] == [-2000, 2000]
    sandbox.webhook("charge.dispute.funds_reinstated", found.id)
    sandbox.webhook("charge.dispute.closed", found.id)
    made = sandbox.pay("pm_card_createDispute")
    found = sandbox.stripe.disputes.list({"payment_intent": made.id}).data[0]
    sandbox.control(f"disputes/{found.id}/lose")
    assert sandbox.stripe.disputes.retrieve(found.id).status == "lost"


@case("customers and payments are listed newest first, page by page")
def lists(sandbox):
    email = f"{uuid.uuid4()}@example.org"
    customer = sandbox.stripe.customers.create({"email": email, "metadata": {"account": "a"}})
    assert sandbox.stripe.customers.list({"email": email}).data[0].id == customer.id
    sandbox.webhook("customer.created", customer.id)
    made = [sandbox.pay(amount=1000 + i, customer=customer.id).id for i in range(5)]
    page = sandbox.stripe.payment_intents.list({"customer": customer.id, "limit": 2})
    assert page.has_more and len(page.data) == 2
    assert [intent.id for intent in page.auto_paging_iter()] == made[::-1]
    before = {"customer": customer.id, "limit": 2, "ending_before": made[0]}
    assert [one.id for one in sandbox.stripe.payment_intents.list(before).data] == [made[2], made[1]]


@case("what is wrong with a request is said as Stripe says it")
def errors(sandbox):
    create = sandbox.stripe.payment_intents.create
    for params, code, param in [
        ({"amount": 49, "currency": "usd"}, "amount_too_small", "amount"),
        ({"amount": 100, "currency": "xxx"}, None, "currency"),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": "1.5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        (
            {"amount": 100, "currency": "usd", "payment_method_types": ["card"]},
            "parameter_unknown",
            "payment_method_types",
        ),
        ({"amount": 100, "currency": "usd", "customer": "cus_x"}, "resource_missing", "customer"),
    ]:
        error = refused(stripe.InvalidRequestError, lambda: create(params))
        assert (error.http_status, error.code, error.param) == (400, code, param), error
    for retrieve, unknown in [
        (sandbox.stripe.payment_intents.retrieve, "pi_unknown"),
        (sandbox.stripe.refunds.retrieve, "re_unknown"),
        (sandbox.stripe.customers.retrieve, "cus_unknown"),
    ]:
        error = refused(stripe.InvalidRequestError, lambda: retrieve(unknown))
        assert (error.http_status, error.code) == (404, "resource_missing")
    stranger = sandbox.client("sk_test_somebody_else").v1
    error = refused(stripe.AuthenticationError, lambda: stripe_list(stranger))
    assert error.http_status == 401
    assert error.headers["request-id"].startswith("req_")


def stripe_list(client):
    return client.payment_intents.list({"limit": 1})


@case("webhooks are signed so that the official client takes them, and nothing else")
def webhooks(sandbox):
    made = sandbox.pay(metadata={"payment_id": "p1"}, options={"idempotency_key": new_key()})
    header, body = sandbox.webhook("payment_intent.succeeded", made.id)
    event = stripe.Webhook.construct_event(body, header, sandbox.webhook_secret)
    assert event.data.object.metadata.to_dict() == {"payment_id": "p1"}
    assert event.request.idempotency_key and event.request.id.startswith("req_")
    stored = sandbox.stripe.events.retrieve(event.id)
    assert stored.data.object.id == made.id and stored.api_version == event.api_version
    listed = sandbox.stripe.events.list({"type": "payment_intent.succeeded", "limit": 1})
    assert listed.data[0].id == event.id
    for wrong in [
        lambda: stripe.Webhook.construct_event(body + " ", header, sandbox.webhook_secret),
        lambda: stripe.Webhook.construct_event(body, header, "whsec_other"),
    ]:
        refused(stripe.SignatureVerificationError, wrong)


@case("an answer that is lost has taken effect, and the key tells what it was")
def lost_answers(sandbox):
    for fault, ends_in in [
        ("bad_gateway_after_commit", stripe.APIError),
        ("time_out", stripe.APIConnectionError),
    ]:
        options = {"idempotency_key": new_key()}
        sandbox.control("faults", fault=fault, request="create_payment_intent", ms=60_000)
        impatient = stripe.StripeClient(
            sandbox.key,
            base_addresses={"api": sandbox.url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=1),
        )
        params = {"amount": 1000, "currency": "usd"}
        refused(ends_in, lambda: impatient.v1.payment_intents.create(params, options))
        found = sandbox.stripe.payment_intents.create(params, options)
        assert found.last_response.headers["idempotent-replayed"] == "true"
    options = {"idempotency_key": new_key()}
    sandbox.control("faults", fault="fail_after_commit", request="create_payment_intent")
    for _ in range(2):
        error = refused(stripe.APIError, lambda: sandbox.pay(options=options))
        assert error.http_status == 500, "Stripe's keys keep a 500"
    sandbox.control("faults", fault="too_many_requests", request="any")
    refused(stripe.RateLimitError, lambda: stripe_list(sandbox.stripe))


def main():
    sandbox = Sandbox()
    passed, failed = 0, 0
    for one in CASES:
        try:
            one.run(sandbox)
        except Exception:  # noqa: BLE001  one failure must not hide the next
            failed += 1
            print(f"FAIL  {one.sentence}")
            traceback.print_exc(limit=-3, file=sys.stdout)
        else:
            passed += 1
            print(f"ok    {one.sentence}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)


if __name__ == "__main__":
    main()
