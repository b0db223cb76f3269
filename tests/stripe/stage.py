"""What the Python checks stand on: the sandbox, its controls, and a listener for its webhooks."""

import json
import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, NamedTuple

import stripe

WAIT_SECS = 15


class Case(NamedTuple):
    sentence: str
    run: Callable


CASES = []


def case(sentence):
    """Adds a function to the cases; the sentence is what it proves."""

    def add(function):
        CASES.append(Case(sentence, function))
        return function

    return add


def setting(name):
    value = os.environ.get(name, "")
    if not value:
        sys.exit(f"{name} must be set: see README.md")
    return value


class Sandbox:
    """The sandbox as the official client and as a test sees it."""

    def __init__(self):
        self.url = setting("BILLING_SANDBOX_URL").rstrip("/")
        self.webhook_secret = setting("STRIPE_WEBHOOK_SECRET")
        self.key = setting("STRIPE_SECRET_KEY")
        self.stripe = self.client(self.key).v1
        self.received = []
        self.server = self._listen()
        self.control("webhooks", urls=[f"http://127.0.0.1:{self.server.server_port}/"])

    def client(self, key):
        # Its own retries would hide what a caller of ours must see.
        return stripe.StripeClient(
            key, base_addresses={"api": self.url}, max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=WAIT_SECS),
        )

    def control(self, path, **fields):
        request = urllib.request.Request(
            f"{self.url}/sandbox/{path}",
            data=json.dumps(fields).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=WAIT_SECS) as answer:
            return json.load(answer)

    def state(self):
        with urllib.request.urlopen(f"{self.url}/sandbox/state", timeout=WAIT_SECS) as answer:
            return json.load(answer)

    def pay(self, method="pm_card_visa", amount=2000, options=None, **more):
        """A payment that is made and confirmed in one request."""
        params = {
            "amount": amount,
            "currency": "usd",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
            "payment_method": method,
            **more,
        }
        return self.stripe.payment_intents.create(params, options or {})

    def webhook(self, kind, object_id):
        """The first webhook of this type about this object, as it came."""
        until = time.monotonic() + WAIT_SECS
        while True:
            for header, body in list(self.received):
                event = json.loads(body)
                told_of = (event.get("data", {}).get("object") or {}).get("id")
                if event["type"] == kind and told_of == object_id:
                    return header, body
            assert time.monotonic() < until, f"no {kind} about {object_id} within {WAIT_SECS} s"
            time.sleep(0.02)

    def _listen(self):
        received = self.received

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.headers["Stripe-Signature"], body.decode()))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


def refused(error, call):
    """The error of this type that the call must end with."""
    try:
        answer = call()
    except error as refusal:
        assert type(refusal) is error, f"expected {error.__name__}, got {type(refusal).__name__}"
        return refusal
    raise AssertionError(f"expected {error.__name__}, got {answer}")
