"""What the checks stand on: the sandbox, its controls, and a listener for its callbacks."""

import json
import os
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, NamedTuple
from urllib.parse import parse_qsl

import requests
from cloudipsp import Api, Checkout, Order

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


class Client:
    """The official client, of one protocol and one encoding."""

    def __init__(self, url, merchant_id, secret, protocol="1.0", encoding="json"):
        self.api = Api(
            merchant_id=merchant_id,
            secret_key=secret,
            request_type=encoding,
            api_protocol=protocol,
            api_domain=url.removeprefix("https://"),
        )

    def checkout(self, order):
        return Checkout(api=self.api).url(dict(order))

    def status(self, order_id):
        return Order(api=self.api).status({"order_id": order_id})

    def reverse(self, order_id, amount, **more):
        order = {"order_id": order_id, "amount": amount, "currency": "UAH", **more}
        return Order(api=self.api).reverse(order)


class Sandbox:
    """The sandbox as the official client and as a test sees it."""

    def __init__(self):
        self.url = setting("BILLING_SANDBOX_URL").rstrip("/")
        self.merchant_id = int(setting("FONDY_MERCHANT_ID"))
        self.secret = setting("FONDY_SECRET_KEY")
        self.received = []
        self.server = self._listen()
        self.fondy = self.client()

    def client(self, secret=None, **more):
        return Client(self.url, self.merchant_id, secret or self.secret, **more)

    def control(self, path, **fields):
        answer = requests.post(f"{self.url}/sandbox/{path}", json=fields, timeout=WAIT_SECS)
        answer.raise_for_status()
        return answer.json()

    def order(self, **more):
        return {
            "order_id": f"order-{uuid.uuid4()}",
            "order_desc": "Поповнення балансу №42",
            "amount": 12550,
            "currency": "UAH",
            "server_callback_url": f"http://127.0.0.1:{self.server.server_port}/",
            **more,
        }

    def paid(self, client=None, **more):
        """An order that was made by the client and paid on the page; its id."""
        order = self.order(**more)
        (client or self.fondy).checkout(order)
        self.control(f"orders/{order['order_id']}/pay")
        return order["order_id"]

    def callbacks(self, count):
        """The next callbacks, as they came: content type and body."""
        until = time.monotonic() + WAIT_SECS
        while len(self.received) < count:
            assert time.monotonic() < until, f"{len(self.received)} of {count} callbacks came"
            time.sleep(0.02)
        taken, self.received[:count] = self.received[:count], []
        return taken

    def callback(self):
        return self.callbacks(1)[0]

    def _listen(self):
        received = self.received

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                received.append((self.headers["Content-Type"], body))
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
        return refusal
    raise AssertionError(f"expected {error.__name__}, got {answer}")


def decoded(content_type, body):
    """A callback's parameters."""
    if content_type == "application/json":
        return json.loads(body)
    return dict(parse_qsl(body, keep_blank_values=True))
