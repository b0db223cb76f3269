"""Receives signed webhooks of a running `up` and verifies them by the official Python library.

    BILLING_ENDPOINT_ALLOWED_NETWORKS=127.0.0.0/8 cargo xtask up --json > up.json
    BILLING_CORE=../../target/debug/billing-core python receiver.py up.json
"""

import json
import os
import queue
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

PATIENCE_SECS = 30
MESSAGES = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802  the name that the library asks for
        body = self.rfile.read(int(self.headers["content-length"]))
        MESSAGES.put((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def core(up, *arguments):
    environment = dict(os.environ, DATABASE_URL=up["database_url"], USER="test")
    environment["BILLING_ENDPOINT_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    command = [os.environ["BILLING_CORE"], *arguments, "--json"]
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def granted(up, micros, secrets):
    """The message of a grant of so much. Those of grants of before the endpoint may come first."""
    whose = ["--tenant", up["tenant_id"], "--user", up["user_id"]]
    core(up, "accounts", "grant", *whose, "--amount-micros", str(micros), "--reason", "a webhook")
    while True:
        message = received()
        if verified(message, secrets[:1])["data"].get("amount_micros") == micros:
            return verified(message, secrets)


def received():
    return MESSAGES.get(timeout=PATIENCE_SECS)


def verified(message, secrets):
    """What the message says, which verifies by each of the secrets, and by none where a byte of it is another."""
    headers, body = message
    for secret in secrets:
        event = Webhook(secret).verify(body, headers)
        for forged in (body + b" ", body.replace(b"1", b"2", 1)):
            try:
                Webhook(secret).verify(forged, headers)
            except WebhookVerificationError:
                continue
            raise AssertionError("a forged message verifies")
    lower = {name.lower(): value for name, value in headers.items()}
    assert lower["webhook-id"] == event["id"], (headers, event)
    assert lower["content-type"] == "application/cloudevents+json", headers
    return event


def main(up):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/events"
    whose = ["--tenant", up["tenant_id"], "--owner", "dev@platform.example.org"]
    added = core(up, "endpoints", "add", "--url", url, *whose)
    tested = core(up, "endpoints", "test", added["id"])
    assert tested == {"taken": True, "status": 204}, tested
    assert verified(received(), [added["secret"]])["type"] == "endpoint.test"
    assert granted(up, 10_001, [added["secret"]])["type"] == "balance.credited"
    rotated = core(up, "endpoints", "rotate", added["id"])
    event = granted(up, 10_002, [added["secret"], rotated["secret"]])
    assert (event["type"], event["tenant"]) == ("balance.credited", up["tenant_id"]), event
    core(up, "endpoints", "remove", added["id"])
    print("ok    PyPI standardwebhooks verifies what is sent, by the former and the new secret")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as announcement:
        main(json.load(announcement))
