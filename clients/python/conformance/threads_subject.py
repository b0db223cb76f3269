"""The subject with threads: http.server, and the client by hand."""

from __future__ import annotations

import json
import logging
import select
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from subject import TOOLS, announce, done, state

from billing_client import Billing, Call, InvalidRequest, Refused


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer is written as a whole.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    billing: Billing

    def do_GET(self) -> None:
        if self.path == "/state":
            self.answer(200, state(self.billing))
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            if self.path == "/close":
                self.answer(200, {"left": self.billing.close(json.loads(sent)["within_ms"] / 1000)})
            elif self.path.startswith(TOOLS):
                self.use(self.path.removeprefix(TOOLS), sent)
            else:
                self.answer(404, {"error": "not found"})
        except Refused as refused:
            self.write(refused.status, refused.body, refused.headers)
        except ConnectionError:
            self.close_connection = True
        except Exception as error:
            self.answer(500, {"error": str(error)})

    def use(self, tool: str, sent: bytes) -> None:
        question = json.loads(sent)
        keys = self.headers.get_all("idempotency-key") or []
        if len(keys) > 1:
            raise InvalidRequest
        guarded = self.billing.call(
            user=self.headers.get("x-user"),
            tool=tool,
            estimate=question.get("estimate"),
            idempotency_key=keys[0] if keys else None,
            request=sent,
            traceparent=self.headers.get("traceparent"),
        )
        with guarded as call:
            status, answer = work(call, question.get("do", []))
            if status >= 400:
                call.release()
            self.look_whether_gone()
            self.answer(status, answer)

    def look_whether_gone(self) -> None:
        """ConnectionError: the caller has hung up. A write to it would be taken for an answer."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionAbortedError

    def answer(self, status: int, body: dict[str, Any]) -> None:
        self.write(status, json.dumps(body).encode(), {"content-type": "application/json"})

    def write(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the suite makes many."""


def work(call: Call, steps: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    charged = None
    for step in steps:
        if "report" in step:
            call.report(step["report"])
        elif "capture" in step:
            charged = call.capture(step["capture"])
        elif "wait_ms" in step:
            time.sleep(step["wait_ms"] / 1000)
        elif "throw" in step:
            raise RuntimeError(step["throw"])
        elif "status" in step:
            return step["status"], {"result": "status"}
    return 200, done(call.billed, charged)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(settings: dict[str, Any], logger: logging.Logger) -> None:
    Handler.billing = Billing(logger=logger, **settings)
    server = Server(("127.0.0.1", 0), Handler)
    announce(server.server_port)
    server.serve_forever()
