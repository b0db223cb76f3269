#!/usr/bin/env bash
# amq-protocol-uri 10.6.3 (what lapin 4.12 reads its URLs with), seen on 2026-11-28.
#
# The specification of AMQP URIs lets a host be an IPv6 address in brackets. The crate reads such a URL without an
# error, keeps its user, port and virtual host, and takes "localhost" for its host: what it reads is a domain name,
# which an address in brackets is not, and the default stands in. An IPv4 address stays what it is. So a program
# that is told of a broker elsewhere offers its password to whatever listens on its own machine.
#
# A program has to look at the URL's text (billing-core refuses brackets there, and asks for a name).
#
# Needs Rust. Prints what it saw; fails where that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "seen"
version = "0.0.0"
edition = "2021"

[dependencies]
amq-protocol-uri = "=10.6.3"
TOML
cat >src/main.rs <<'RUST'
use amq_protocol_uri::AMQPUri;

fn main() {
    for url in ["amqp://name:word@[2001:db8::5]:5671/v", "amqp://name:word@192.0.2.5:5671/v"] {
        let uri: AMQPUri = url.parse().expect("a valid URL");
        let authority = uri.authority;
        println!("{url} -> {} {} {}", authority.host, authority.port, uri.vhost);
    }
}
RUST
env -u RUSTC_WRAPPER cargo run --quiet >seen
echo "seen on: amq-protocol-uri 10.6.3"
cat seen
diff seen - <<'SEEN' || { echo "this has changed"; exit 1; }
amqp://name:word@[2001:db8::5]:5671/v -> localhost 5671 v
amqp://name:word@192.0.2.5:5671/v -> 192.0.2.5 5671 v
SEEN
