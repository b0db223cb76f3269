"""A subscription's life by the official Python client: begun, renewed, failing, changed, ended."""

import time

import stripe
from stage import case, refused

HOUR, DAY = 3_600, 86_400


def begin(sandbox, **more):
    """A subscription that is paid for its first month, and the session that began it."""
    params = {
        "mode": "subscription",
        "line_items": [
            {
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 500,
                    "recurring": {"interval": "month"},
                    "product_data": {"name": "Support us"},
                },
                "quantity": 1,
            }
        ],
        "metadata": {"contribution_id": "c1"},
        "subscription_data": {"metadata": {"contribution_id": "c1"}},
        "success_url": "https://example.org/thanks",
        **more,
    }
    made = sandbox.stripe.checkout.sessions.create(params)
    sandbox.control(f"sessions/{made.id}/pay")
    session = sandbox.stripe.checkout.sessions.retrieve(made.id, {"expand": ["subscription"]})
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert session.payment_intent is None and session.invoice.startswith("in_")
    return session


def period_end(subscription):
    return subscription["items"].data[0].current_period_end


@case("a subscription lives by the clock: it renews, fails, is paid by another card, and ends")
def life(sandbox):
    api = sandbox.stripe
    clocks = api.test_helpers.test_clocks
    clock = clocks.create({"frozen_time": int(time.time()), "name": "life"})

    def advance(to):
        assert clocks.advance(clock.id, {"frozen_time": to}).status == "advancing"
        assert clocks.retrieve(clock.id).status == "ready"

    subscription = begin(sandbox).subscription
    assert subscription.metadata.to_dict() == {"contribution_id": "c1"}
    _, body = sandbox.webhook("customer.subscription.created", subscription.id)
    assert '"status": "incomplete"' in body
    advance(period_end(subscription) + HOUR)
    found = api.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice.payments"]})
    invoice = found.latest_invoice
    assert (found.status, invoice.status, invoice.billing_reason) == (
        "active", "paid", "subscription_cycle",
    )
    header, body = sandbox.webhook("invoice.paid", invoice.id)
    event = stripe.Webhook.construct_event(body, header, sandbox.webhook_secret)
    details = event.data.object.parent.subscription_details
    assert details.subscription == found.id and details.metadata.contribution_id == "c1"
    intent = invoice.payments.data[0].payment.payment_intent
    payments = api.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent}}
    )
    assert [one.invoice for one in payments.data] == [invoice.id]
    assert api.payment_intents.retrieve(intent).amount_received == 500

    failing = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": found.customer})
    api.subscriptions.update(found.id, {"default_payment_method": failing.id})
    due = period_end(found) + HOUR
    advance(due)
    invoice = api.invoices.list({"subscription": found.id, "status": "open"}).data[0]
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (1, due + 3 * DAY)
    assert api.subscriptions.retrieve(found.id).status == "past_due"
    refused(stripe.CardError, lambda: api.invoices.pay(invoice.id))
    portal = api.billing_portal.sessions.create(
        {"customer": found.customer, "return_url": "https://example.org/me"}
    )
    assert portal.url.startswith(sandbox.url)
    sandbox.control(f"customers/{found.customer}/card", card="5555555555554444")
    advance(due + 3 * DAY)
    assert api.invoices.retrieve(invoice.id).status == "paid"

    planned = api.subscriptions.update(found.id, {"cancel_at_period_end": True})
    assert planned.status == "active" and planned.cancel_at == period_end(planned)
    advance(planned.cancel_at)
    ended = api.subscriptions.retrieve(found.id)
    assert (ended.status, ended.ended_at) == ("canceled", planned.cancel_at)
    sandbox.webhook("customer.subscription.deleted", found.id)
    assert clocks.delete(clock.id).deleted


@case("a subscription is cancelled at once, and found among those that ended")
def cancelled(sandbox):
    api = sandbox.stripe
    customer = api.customers.create({"email": "a@example.org"})
    subscription = begin(sandbox, customer=customer.id).subscription
    listed = api.subscriptions.list({"customer": customer.id})
    assert [one.id for one in listed.data] == [subscription.id]
    details = {"cancellation_details": {"comment": "enough"}}
    ended = api.subscriptions.cancel(subscription.id, details)
    assert (ended.status, ended.cancellation_details.comment) == ("canceled", "enough")
    assert api.subscriptions.list({"customer": customer.id}).data == []
    assert api.subscriptions.list({"customer": customer.id, "status": "all"}).data
    error = refused(stripe.InvalidRequestError, lambda: api.subscriptions.cancel(subscription.id))
    assert (error.http_status, error.code) == (404, "resource_missing")
