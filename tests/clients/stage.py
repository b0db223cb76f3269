"""What the checks stand on: a server of tools as a process, users with money, and what the gateway tells of them."""

import base64
import datetime
import decimal
import hashlib
import hmac
import json
import os
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from typing import NamedTuple

API_KEY = "key-of-a-service"
API_KEYS = f"another-key,{API_KEY}"
# A build of the program, and a machine with much to do.
START_SECS = 120
WAIT_SECS = 30

DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """A check that did not hold; the text is a sentence."""


class Reply(NamedTuple):
    status: int
    headers: object
    text: str

    @property
    def body(self):
        """The JSON; amounts are decimals."""
        try:
            return json.loads(self.text, parse_float=decimal.Decimal)
        except ValueError:
            raise Failed(f"the answer {self.status} is no JSON: {self.text!r}") from None


def expect(found, wanted, sentence):
    if found != wanted:
        raise Failed(f"{sentence}: expected {wanted!r}, got {found!r}")


def await_state(sentence, reached):
    """The value of `reached` as soon as it is true; looks again and again."""
    until = time.monotonic() + WAIT_SECS
    while not (state := reached()):
        if time.monotonic() > until:
            raise Failed(f"{sentence}: not within {WAIT_SECS} s")
        time.sleep(0.2)
    return state


def send(method, url, body=None, headers=None):
    """The reply, whatever its status."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = ({} if data is None else {"content-type": "application/json"}) | (headers or {})
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with DIRECTLY.open(request, timeout=WAIT_SECS) as answer:
            return Reply(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read().decode())


def part_of_jwt(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt_of(claims, secret, algorithm="HS256"):
    """A JWT, signed by HS256 whatever its header says."""
    header = {"alg": algorithm, "typ": "JWT"}
    signed = ".".join(part_of_jwt(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{part_of_jwt(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


class User:
    """Somebody whom nobody has seen before, without limits and with exactly `funds` dollars."""

    def __init__(self, up, funds):
        self.up = up
        self.user_id = f"clients-{uuid.uuid4()}"
        self.jwt = jwt_of({"userId": self.user_id, "exp": int(time.time()) + 3600}, up["jwt_secret"])
        # The account is opened by it; a tenant may have a welcome grant.
        self.gateway("PUT", "/api/billing/settings", {"daily_limit_usd": None, "monthly_limit_usd": None})
        missing = decimal.Decimal(funds) - self.balance()["balance_usd"]
        if missing:
            path = f"/api/admin/users/{self.user_id}/adjust-balance"
            # Written by hand, since json knows no decimals.
            adjust = f'{{"amount": {missing:f}, "reason": "a test of the clients"}}'.encode()
            self.gateway("POST", path, adjust, up["admin_jwt"])
        expect(self.balance()["balance_usd"], decimal.Decimal(funds), "the user has what the check needs")

    def gateway(self, method, path, body=None, jwt=None):
        headers = {"authorization": f"Bearer {jwt or self.jwt}"}
        reply = send(method, self.up["gateway"] + path, body, headers)
        expect(reply.status, 200, f"the gateway answers {method} {path} ({reply.text})")
        return reply.body

    def balance(self):
        return self.gateway("GET", "/api/billing/balance")["billing"]

    def charges(self):
        """Newest first."""
        return self.gateway("GET", "/api/billing/history?type=charge")["transactions"]

    def await_ends(self):
        """Every call that was placed has been charged, or has given its hold back."""

        def nothing_held():
            held = self.gateway("GET", "/api/billing/holds")["holds"]
            return not held and self.balance()["held_usd"] == 0

        await_state("every hold of the user has ended", nothing_held)

    def expect_charged(self, amounts, sentence):
        """All calls have ended, and these are the charges, newest first; what was free may be listed or not."""
        self.await_ends()
        found = [-charge["amount_usd"] for charge in self.charges() if charge["amount_usd"]]
        expect(found, [decimal.Decimal(amount) for amount in amounts], sentence)


class Server:
    """The program under test, as a context manager; PORT 0 is a free one, and its first line says which."""

    def __init__(self, command, up, core_url=None):
        given = {
            "BILLING_CORE_URL": core_url or up["grpc"],
            "BILLING_TOOLS_TOKEN": up["tools_token"],
            "BILLING_TENANT": up["tenant_id"],
            "JWT_SECRET": up["jwt_secret"],
            "API_KEYS": API_KEYS,
            "PORT": "0",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("BILLING_")}
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, env=others | given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log
        )
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.url = f"http://127.0.0.1:{self._port()}"
        except BaseException:
            self.kill()
            raise

    def _read(self):
        with self.process.stdout as stdout:
            for line in stdout:
                self.lines.put(line)
        self.lines.put(b"")

    def _port(self):
        try:
            line = self.lines.get(timeout=START_SECS)
            return json.loads(line)["port"]
        except queue.Empty:
            raise Failed(f"the program says its port within {START_SECS} s\n{self.last_words()}") from None
        except (ValueError, KeyError, TypeError):
            raise Failed(f"the first line is {{\"port\": …}}, not {line!r}\n{self.last_words()}") from None

    def last_words(self):
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").splitlines()
        return "\n".join(f"      stderr: {line}" for line in lines[-20:])

    def call(self, tool, body, bearer=None, **headers):
        """`POST /api/tools/{tool}`; of a header's name, `_` is a hyphen."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        return send("POST", f"{self.url}/api/tools/{tool}", body, headers)

    def search(self, user, query="land law", **headers):
        return self.call("search", {"query": query}, user.jwt, **headers)

    def stop(self):
        """The exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(WAIT_SECS)
        except subprocess.TimeoutExpired:
            raise Failed(f"the program ends within {WAIT_SECS} s of SIGTERM") from None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self.process.poll() is None:
            self.kill()
        self.log.close()


class Nobody:
    """The URL of a port that is taken, and at which nobody listens, as a context manager."""

    def __enter__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *_exception):
        self.socket.close()


def next_midnight():
    """Of UTC."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + datetime.timedelta(days=1)


def can_disable_billing():
    try:
        import grpc  # noqa: F401
    except ImportError:
        return False
    return True


def set_billing_enabled(up, user, enabled):
    """There is neither REST nor a command for it, so the request is written by hand, without generated code."""
    import grpc

    def field(number, value):
        return bytes([number << 3 | 2, len(value)]) + value

    account = field(1, up["tenant_id"].encode()) + field(2, user.user_id.encode())
    request = field(1, account) + (b"\x10\x01" if enabled else b"")
    with grpc.insecure_channel(up["grpc"].removeprefix("http://").rstrip("/")) as channel:
        rpc = channel.unary_unary("/billing.v1.AccountService/SetBillingEnabled")
        rpc(request, timeout=WAIT_SECS, metadata=[("authorization", f"Bearer {up['admin_token']}")])
    expect(user.balance()["billing_enabled"], enabled, "billing is switched for the user")
