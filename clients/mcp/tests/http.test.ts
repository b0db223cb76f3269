import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after } from "node:test";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { listen } from "../src/http.js";
import type { HttpSettings } from "../src/settings.js";
import { call, pretend, usual, type Answer } from "./pretended.js";
import { serveHttp, stop } from "./process.js";

const ORIGIN = "https://app.example.org";
const TOKEN = "one.secret.token";
let answers: (path: string) => Answer | Promise<Answer> = usual;
const gateway = await pretend((path) => answers(path));
const served = await serveHttp({
  BILLING_GATEWAY_URL: gateway.url,
  BILLING_MCP_ALLOWED_ORIGINS: ORIGIN,
});
after(async () => {
  gateway.server.closeAllConnections();
  gateway.server.close();
  await stop(served.child);
});

const BALANCE_CALL = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "get_balance", arguments: {} },
});
const HEADERS = {
  authorization: `Bearer ${TOKEN}`,
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};

interface Sent {
  method?: string;
  path?: string;
  headers?: Record<string, string | undefined>;
  body?: string;
}

/** By hand: fetch sets the host itself. */
function send({ method = "POST", path = "/mcp", headers = {}, body = BALANCE_CALL }: Sent) {
  const given = Object.entries({ ...HEADERS, ...headers }).filter(
    ([, value]) => value !== undefined,
  );
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const sent = request(
        new URL(path, served.url),
        { method, headers: Object.fromEntries(given) },
        (answer) => {
          let text = "";
          answer.on("data", (part: Buffer) => (text += part.toString()));
          answer.on("end", () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(method === "POST" ? body : undefined);
    },
  );
}

test("a call without a session is answered as JSON by the user's token", async () => {
  gateway.asked.length = 0;
  const { status, headers, text } = await send({});
  assert.equal(status, 200, text);
  assert.equal(headers["mcp-session-id"], undefined);
  assert.equal(JSON.parse(text).result.structuredContent.available_usd, "24.15");
  assert.deepEqual(
    gateway.asked.map(({ authorization }) => authorization),
    [`Bearer ${TOKEN}`],
  );
});

test("without a token it is 401, with a challenge, and the gateway is not asked", async () => {
  gateway.asked.length = 0;
  const none = await send({ headers: { authorization: undefined } });
  assert.equal(none.status, 401);
  assert.equal(none.headers["www-authenticate"], 'Bearer realm="billing"');
  for (const authorization of ["Basic YTpi", "Bearer", "Bearer a b", "Bearer a,b"]) {
    const wrong = await send({ headers: { authorization } });
    assert.equal(wrong.status, 401, authorization);
    assert.match(String(wrong.headers["www-authenticate"]), /error="invalid_token"/);
  }
  assert.deepEqual(gateway.asked, []);
});

test("another host's name and a stranger's origin are refused before all else", async () => {
  for (const host of [
    "evil.example.org",
    "evil.example.org:3333",
    "localhost.evil.example.org",
    "127.0.0.1@evil",
  ]) {
    assert.equal((await send({ headers: { host } })).status, 403, host);
  }
  for (const origin of ["https://evil.example.org", "null", `${ORIGIN}.evil.example.org`]) {
    const refused = await send({ headers: { origin, authorization: undefined } });
    assert.equal(refused.status, 403, origin);
    assert.equal(refused.headers["access-control-allow-origin"], undefined);
  }
  assert.equal((await send({ headers: { host: "localhost:1" } })).status, 200);
});

test("a page of an allowed origin may call", async () => {
  const asks = {
    origin: ORIGIN,
    authorization: undefined,
    "access-control-request-method": "POST",
  };
  const preflight = await send({ method: "OPTIONS", headers: asks });
  assert.equal(preflight.status, 204);
  assert.match(String(preflight.headers["access-control-allow-headers"]), /authorization/);
  const { status, headers } = await send({ headers: { origin: ORIGIN } });
  assert.equal(status, 200);
  assert.equal(headers["access-control-allow-origin"], ORIGIN);
});

test("other paths, methods, and bodies that are too large or no JSON are refused", async () => {
  assert.equal((await send({ path: "/" })).status, 404);
  for (const method of ["GET", "DELETE", "PUT"]) {
    const { status, headers } = await send({ method });
    assert.deepEqual([status, headers["allow"]], [405, "POST"], method);
  }
  assert.equal((await send({ body: `"${"x".repeat(70_000)}"` })).status, 413);
  assert.equal((await send({ body: "{" })).status, 400);
});

test("the official client reads a budget, and each request with its own token", async () => {
  gateway.asked.length = 0;
  const clients = ["first.user", "second.user"].map(async (token) => {
    const client = new Client({ name: "test", version: "0" });
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    const transport = new StreamableHTTPClientTransport(served.url, { requestInit });
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    const { structured } = await call(client, "get_balance");
    assert.equal(structured["available_usd"], "24.15");
    await client.close();
  });
  await Promise.all(clients);
  const tokens = gateway.asked.map(({ authorization }) => authorization).sort();
  assert.deepEqual(tokens, ["Bearer first.user", "Bearer second.user"]);
});

// The deadline of the call would end it as well, but later.
test("whoever hangs up ends what was asked of the gateway, too", { timeout: 5_000 }, async () => {
  answers = () => new Promise(() => {});
  const asked = once(gateway.server, "request");
  const sent = request(served.url, { method: "POST", headers: HEADERS });
  sent.on("error", () => {});
  sent.end(BALANCE_CALL);
  const [, response] = (await asked) as [unknown, ServerResponse];
  const ended = once(response, "close");
  sent.destroy();
  await ended;
  answers = usual;
});

// A cancellation of its own would leave the call without an answer, and the connection open.
test("a batch that cancels its own call is answered all the same", { timeout: 5_000 }, async () => {
  const cancel = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}';
  const { status, text } = await send({ body: `[${BALANCE_CALL},${cancel}]` });
  assert.equal(status, 200, text);
  assert.equal(JSON.parse(text).result.structuredContent.available_usd, "24.15");
});

test("a connection on which nothing moves is closed", { timeout: 5_000 }, async () => {
  answers = () => new Promise(() => {});
  const settings: HttpSettings = {
    transport: "http",
    gatewayUrl: gateway.url,
    host: "127.0.0.1",
    port: 0,
    allowedHosts: ["127.0.0.1"],
    allowedOrigins: [],
  };
  const server = await listen(settings, 100);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/mcp`;
  const sent = request(url, { method: "POST", headers: HEADERS });
  sent.end(BALANCE_CALL);
  const [error] = await once(sent, "error");
  assert.equal(error.code, "ECONNRESET");
  server.close();
  answers = usual;
});

test("no token is ever written, and it ends when it is told to", async () => {
  assert.equal(await stop(served.child), 0);
  assert.match(served.written(), /^billing-mcp: listening on \S+\n$/);
});
