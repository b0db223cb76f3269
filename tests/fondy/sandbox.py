"""Drives a running billing-sandbox by Fondy's official Python client, and asserts what it answers.

    BILLING_SANDBOX_URL=https://… FONDY_MERCHANT_ID=… FONDY_SECRET_KEY=… REQUESTS_CA_BUNDLE=… python sandbox.py
"""

import json
import sys
import traceback

sys.dont_write_bytecode = True

import requests
from cloudipsp import exceptions, helpers
from stage import CASES, Sandbox, case, decoded, refused


def is_valid(sandbox, params, secret=None):
    """The client's verdict; it takes the signature out of what it is given."""
    return helpers.is_valid(dict(params), secret or sandbox.secret, "1.0")


@case("an order is made and paid, and the client takes every answer for Fondy's")
def paid(sandbox):
    order = sandbox.order(merchant_data='{"payment":"п1"}', sender_email="a@example.org")
    made = sandbox.fondy.checkout(order)
    assert made["response_status"] == "success" and made["payment_id"]
    assert is_valid(sandbox, made)
    page = requests.get(made["checkout_url"], timeout=15)
    assert page.status_code == 200 and "125.50 UAH" in page.text
    asked = sandbox.fondy.status(order["order_id"])
    assert asked["order_status"] == "created" and is_valid(sandbox, asked)
    sandbox.control(f"orders/{order['order_id']}/pay")
    asked = sandbox.fondy.status(order["order_id"])
    assert helpers.is_approved(dict(asked), sandbox.secret, "1.0")
    assert (asked["amount"], asked["actual_amount"], asked["currency"]) == ("12550", "12550", "UAH")
    assert asked["merchant_data"] == '{"payment":"п1"}'
    sandbox.callback()


@case("the client takes callbacks for Fondy's, as JSON and as forms, and no others")
def callbacks(sandbox):
    for form, content_type in [(False, "application/json"), (True, "application/x-www-form-urlencoded")]:
        sandbox.control("mode", form=form)
        order_id = sandbox.paid(merchant_data="Дякую|x")
        kind, body = sandbox.callback()
        params = decoded(kind, body)
        assert kind == content_type
        assert params["order_id"] == order_id and params["order_status"] == "approved"
        assert helpers.is_approved(dict(params), sandbox.secret, "1.0")
        assert not is_valid(sandbox, params, "another secret")
        assert not is_valid(sandbox, {**params, "amount": "1"})
    sandbox.control("mode")
    for oddity in ["md5_signature", "wrong_signature"]:
        sandbox.control("faults", fault=oddity, event="fondy.approved")
        sandbox.paid()
        assert not is_valid(sandbox, decoded(*sandbox.callback())), oddity
    sandbox.control("faults", fault="no_signature", event="fondy.approved")
    sandbox.paid()
    unsigned = decoded(*sandbox.callback())
    refused(ValueError, lambda: is_valid(sandbox, unsigned))


@case("a declined order is paid at the second attempt, and an expired one never")
def declined(sandbox):
    order = sandbox.order()
    sandbox.fondy.checkout(order)
    sandbox.control(f"orders/{order['order_id']}/decline")
    params = decoded(*sandbox.callback())
    assert is_valid(sandbox, params) and params["order_status"] == "declined"
    assert not helpers.is_approved(dict(params), sandbox.secret, "1.0")
    sandbox.control(f"orders/{order['order_id']}/pay")
    assert decoded(*sandbox.callback())["order_status"] == "approved"
    order = sandbox.order()
    sandbox.fondy.checkout(order)
    sandbox.control(f"orders/{order['order_id']}/expire")
    params = decoded(*sandbox.callback())
    assert is_valid(sandbox, params) and params["order_status"] == "expired"
    assert sandbox.fondy.status(order["order_id"])["order_status"] == "expired"


@case("what is refused is a ResponseError with Fondy's code")
def errors(sandbox):
    def code(call):
        return refused(exceptions.ResponseError, call).response["error_code"]

    stranger = sandbox.client(secret="another secret")
    assert code(lambda: stranger.checkout(sandbox.order())) == 1014
    order = sandbox.order()
    sandbox.fondy.checkout(order)
    assert code(lambda: sandbox.fondy.checkout(order)) == 1013
    assert code(lambda: sandbox.fondy.status("unknown")) == 1018
    assert code(lambda: sandbox.fondy.checkout(sandbox.order(currency="XXX"))) == 1012
    assert code(lambda: sandbox.fondy.checkout(sandbox.order(amount=-1))) == 1007
    sandbox.control("faults", fault="failure_body", request="fondy_status")
    assert code(lambda: sandbox.fondy.status(order["order_id"])) == 1002
    sandbox.control("faults", fault="bad_gateway", request="fondy_status")
    refused(exceptions.ServiceError, lambda: sandbox.fondy.status(order["order_id"]))


@case("money goes back in parts, each key once, never more than was paid")
def reversals(sandbox):
    order_id = sandbox.paid()
    sandbox.callback()
    first = sandbox.fondy.reverse(order_id, 5000, reverse_id="rf-1", comment="refund")
    assert first["reverse_status"] == "approved" and is_valid(sandbox, first)
    again = sandbox.fondy.reverse(order_id, 5000, reverse_id="rf-1", comment="refund")
    assert again["transaction_id"] == first["transaction_id"]
    refused(exceptions.ResponseError, lambda: sandbox.fondy.reverse(order_id, 7551))
    params = decoded(*sandbox.callback())
    assert is_valid(sandbox, params) and params["tran_type"] == "reverse"
    assert (params["order_status"], params["reversal_amount"]) == ("approved", "5000")
    sandbox.fondy.reverse(order_id, "7550")
    params = decoded(*sandbox.callback())
    assert (params["order_status"], params["reversal_amount"]) == ("reversed", "12550")
    asked = sandbox.fondy.status(order_id)
    assert is_valid(sandbox, asked) and asked["reversal_amount"] == "12550"


@case("protocol 2.0 is spoken both ways, callbacks too")
def second_protocol(sandbox):
    second = sandbox.client(protocol="2.0")
    order_id = sandbox.paid(second)
    answer = second.status(order_id)
    assert answer["version"] == "2.0"
    assert json.loads(answer["data"])["order"]["order_status"] == "approved"
    sealed = decoded(*sandbox.callback())
    made = helpers.get_signature(sandbox.secret, sealed["data"], "2.0")
    assert made == sealed["signature"]
    refused(exceptions.ResponseError, lambda: second.reverse(order_id, 12551))


@case("forms are spoken both ways")
def forms(sandbox):
    client = sandbox.client(encoding="form")
    order_id = sandbox.paid(client)
    answer = client.status(order_id)
    # The client drops what is empty; it is not signed either.
    assert answer["order_status"] == "approved" and is_valid(sandbox, answer)
    sandbox.callback()


def main():
    sandbox = Sandbox()
    passed, failed = 0, 0
    for one in CASES:
        sandbox.received.clear()
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
