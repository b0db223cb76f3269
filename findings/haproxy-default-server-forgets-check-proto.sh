#!/usr/bin/env bash
# HAProxy 2.6.12 (Debian 12's), seen on 2026-11-28.
#
# HAProxy asks a server with `proto h2` for its health in HTTP/2, also at another port. `check-proto h1`
# mends that, but only on the server's own line: in `default-server` it is read without a word and
# forgotten. The server is down, for a `Socket error`, and the configuration is valid.
#
# Needs Debian 12 and Python 3 (and what the package depends on). Prints what it saw; fails where that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
pinned=2.6.12-1+deb12u4
(cd "$folder" && apt-get download -qq "haproxy=$pinned" && dpkg -x haproxy_*.deb unpacked)
haproxy=$folder/unpacked/usr/sbin/haproxy
"$haproxy" -v | sed -n 1p

# What speaks HTTP/1 only, as ports for metrics and probes do.
python3 - "$folder/port" 2>/dev/null <<'PY' &
import http.server, os, sys
class Probe(http.server.BaseHTTPRequestHandler):
    def do_OPTIONS(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Probe)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
PY
until [ -e "$folder/port" ]; do sleep 0.1; done
port=$(cat "$folder/port")

# What HAProxy says of the server with these words on either line.
said() {
    cat >"$folder/haproxy.cfg" <<CFG
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend calls
    bind unix@$folder/calls
    default_backend cores
backend cores
    option httpchk
    default-server proto h2 inter 200ms fall 1 $1
    server core 127.0.0.1:9 check port $port $2
CFG
    "$haproxy" -c -f "$folder/haproxy.cfg" >/dev/null 2>&1 || { echo 'not valid' && return; }
    timeout 2 "$haproxy" -db -f "$folder/haproxy.cfg" >"$folder/said" 2>&1 || true
    grep -o -m1 'Server cores/core is DOWN, reason: [A-Za-z ]*' "$folder/said" || echo 'up'
}
nowhere=$(said '' '')
default=$(said 'check-proto h1' '')
line=$(said '' 'check-proto h1')
printf "without check-proto:        %s\nin default-server:          %s\non the line of the server: %s\n" \
    "$nowhere" "$default" "$line"
[[ $nowhere == *DOWN* && $default == *DOWN* && $line == up ]]
