#!/usr/bin/env bash
# grpcio 1.85.3 of PyPI, seen on 2026-11-29.
#
# The time that a caller has left goes to the server as `grpc-timeout`. grpcio writes it with few digits and rounds it up:
# 45.05 s as 45.1 s, 1,005 s as 1,010 s, 100,000 s as 1,670 minutes. So a server believes that it has up to 1 % more time
# than its caller waits, and whatever it finishes in that time reaches nobody: a command may be carried out whose caller
# was told DEADLINE_EXCEEDED. It also means that no test can compare the header with the deadline that was asked for.
#
# The core answers its callers 50 ms before the deadline on the wire, which is enough up to 5 s; whoever was not answered
# repeats by the same key.
#
# Needs Python 3. Prints what it saw; fails where that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check grpcio==1.85.3 h2==4.3.0
venv/bin/python >seen - <<'PY'
import socket
import threading

import grpc
import h2.config
import h2.connection
import h2.events

listener = socket.create_server(("127.0.0.1", 0))
seen = []


def serve(peer):
    """Answers each call with NOT_FOUND, and notes how long it may take."""
    http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    http.initiate_connection()
    peer.sendall(http.data_to_send())
    while data := peer.recv(65536):
        for event in http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                seen.append(dict(event.headers)["grpc-timeout"])
            if isinstance(event, h2.events.StreamEnded):
                answer = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "5")]
                http.send_headers(event.stream_id, answer, end_stream=True)
        peer.sendall(http.data_to_send())


threading.Thread(target=lambda: serve(listener.accept()[0]), daemon=True).start()
channel = grpc.insecure_channel(f"127.0.0.1:{listener.getsockname()[1]}")
grpc.channel_ready_future(channel).result(timeout=10)
call = channel.unary_unary("/example.Example/Call", lambda _: b"", bytes)
units = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "S": 1, "M": 60, "H": 3600}
for asked in [2.005, 45.05, 1005.0, 100000.0]:
    try:
        call(b"", timeout=asked)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
    written = seen[-1]
    secs = int(written[:-1]) * units[written[-1]]
    print(f"asked for {asked:g} s, written {written}: {secs - asked:+.3f} s")
PY
echo "seen on: grpcio 1.85.3"
cat seen
diff seen - <<'SEEN' || { echo "this has changed"; exit 1; }
asked for 2.005 s, written 2010m: +0.005 s
asked for 45.05 s, written 45100m: +0.050 s
asked for 1005 s, written 1010S: +5.000 s
asked for 100000 s, written 1670M: +200.000 s
SEEN
