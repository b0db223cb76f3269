#!/usr/bin/env bash
# standardwebhooks 1.1.1 of npm with Node.js 20, seen on 2026-11-28.
#
# `verify(body, request.headers)`, with the request of a handler that is written for fetch (Next.js, Hono, Deno, Bun,
# workers), refuses a message that is signed well: "Missing required headers". It lists the headers by `Object.keys`,
# and a `Headers` object has none of its own. The same headers as a plain object are taken; those of `node:http` are
# one. The body as such a handler reads it by bytes, a Uint8Array, is refused too, a string or a Buffer is taken.
#
# So it works in Express, and every message is answered by 400 after a move to a framework of today, as if the secret
# were another one. Give it `Object.fromEntries(request.headers)`, and `await request.text()`.
#
# Needs Node.js. Prints what it saw; fails where that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts standardwebhooks@1.1.1 >/dev/null
cat >seen.mjs <<'JS'
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";

const key = Buffer.from("24 bytes, for an example");
const body = '{"name":"Ada"}';
const now = Math.floor(Date.now() / 1000);
const code = createHmac("sha256", key).update(`one.${now}.${body}`).digest("base64");
const headers = { "webhook-id": "one", "webhook-timestamp": `${now}`, "webhook-signature": `v1,${code}` };
const request = new Request("https://receiver.example/", { method: "POST", body, headers });
const bytes = new Uint8Array(await request.arrayBuffer());
const webhook = new Webhook(`whsec_${key.toString("base64")}`);

function seen(what, ...message) {
  try {
    console.log(`${what}: taken, ${JSON.stringify(webhook.verify(...message))}`);
  } catch (error) {
    console.log(`${what}: refused, ${error.message}`);
  }
}
seen("a plain object of headers", body, headers);
seen("the Headers of a Request", body, request.headers);
seen("the same by Object.fromEntries", body, Object.fromEntries(request.headers));
seen("the body as a Buffer", Buffer.from(bytes), headers);
seen("the body as a Uint8Array", bytes, headers);
JS
node seen.mjs >seen
echo "seen on: standardwebhooks 1.1.1, Node.js $(node --version)"
cat seen
diff seen - <<'SEEN' || { echo "this has changed"; exit 1; }
a plain object of headers: taken, {"name":"Ada"}
the Headers of a Request: refused, Missing required headers
the same by Object.fromEntries: taken, {"name":"Ada"}
the body as a Buffer: taken, {"name":"Ada"}
the body as a Uint8Array: refused, Expected payload to be of type string or Buffer.
SEEN
