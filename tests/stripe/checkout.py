"""Checkout Sessions by the official Python client."""

import json
import time

import stripe
from stage import case, refused


def open_session(sandbox, options=None, amount=2500, **more):
    params = {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": "usd",
                    "unit_amount": amount,
                    "product_data": {"name": "Support us", "description": "Thank you"},
                },
                "quantity": 1,
                "adjustable_quantity": {"enabled": False},
            }
        ],
        "metadata": {"payment_id": "p1"},
        "payment_intent_data": {"metadata": {"payment_id": "p1"}},
        "client_reference_id": "p1",
        "customer_email": "a@example.org",
        "success_url": "https://example.org/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://example.org/support?cancelled=true",
        **more,
    }
    return sandbox.stripe.checkout.sessions.create(params, options or {})


@case("a session is made, found, listed and paid on its page")
def paid(sandbox):
    expires_at = int(time.time()) + 3600
    made = open_session(sandbox, expires_at=expires_at)
    assert (made.status, made.payment_status, made.payment_intent) == ("open", "unpaid", None)
    assert made.url.endswith(f"/c/pay/{made.id}") and made.expires_at == expires_at
    sandbox.control(f"sessions/{made.id}/decline")
    sandbox.control(f"sessions/{made.id}/pay")
    retrieve = sandbox.stripe.checkout.sessions.retrieve
    found = retrieve(made.id, {"expand": ["payment_intent.latest_charge", "line_items"]})
    assert (found.status, found.payment_status, found.url) == ("complete", "paid", None)
    assert found.payment_intent.metadata.to_dict() == {"payment_id": "p1"}
    assert found.payment_intent.latest_charge.paid and found.line_items.data[0].quantity == 1
    listed = sandbox.stripe.checkout.sessions.list(
        {"payment_intent": found.payment_intent.id, "limit": 3}
    )
    assert [one.id for one in listed.data] == [made.id]
    refund = sandbox.stripe.refunds.create({"payment_intent": found.payment_intent.id})
    assert refund.status == "succeeded" and refund.amount == 2500


@case("a session's webhooks are signed, and say how it is paid")
def told(sandbox):
    made = open_session(sandbox)
    sandbox.control(f"sessions/{made.id}/pay_later")
    header, body = sandbox.webhook("checkout.session.completed", made.id)
    event = stripe.Webhook.construct_event(body, header, sandbox.webhook_secret)
    assert event.data.object.payment_status == "unpaid"
    assert event.data.object.client_reference_id == "p1"
    sandbox.control(f"sessions/{made.id}/succeed")
    _, body = sandbox.webhook("checkout.session.async_payment_succeeded", made.id)
    session = json.loads(body)["data"]["object"]
    assert session["payment_status"] == "paid"
    sandbox.webhook("payment_intent.succeeded", session["payment_intent"])
    failing = open_session(sandbox)
    sandbox.control(f"sessions/{failing.id}/pay_later")
    sandbox.control(f"sessions/{failing.id}/fail")
    sandbox.webhook("checkout.session.async_payment_failed", failing.id)


@case("an open session is expired, another is not")
def expired(sandbox):
    made = open_session(sandbox)
    sessions = sandbox.stripe.checkout.sessions
    assert sessions.expire(made.id).status == "expired"
    sandbox.webhook("checkout.session.expired", made.id)
    error = refused(stripe.InvalidRequestError, lambda: sessions.expire(made.id))
    assert error.http_status == 400 and "status of `expired`" in error.user_message
    error = refused(stripe.InvalidRequestError, lambda: sessions.retrieve("cs_test_unknown"))
    assert (error.http_status, error.code) == (404, "resource_missing")


@case("a session's key answers the same, and refuses other content")
def idempotent(sandbox):
    options = {"idempotency_key": f"session-{time.time_ns()}"}
    first = open_session(sandbox, options)
    assert open_session(sandbox, options).id == first.id
    refused(stripe.IdempotencyError, lambda: open_session(sandbox, options, amount=2600))
