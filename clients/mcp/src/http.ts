/**
 * Streamable HTTP at /mcp, without sessions: each request is a server of its own, which reads by the token that
 * the request brings and is gone with it.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";

import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

import { Gateway } from "./gateway.js";
import { log } from "./log.js";
import { createServer } from "./server.js";
import type { HttpSettings } from "./settings.js";
import { fixedToken, TOKEN } from "./token.js";

const PATH = "/mcp";
const BODY_BYTES = 64 * 1024;
/** A request's head, and the whole of it, arrive within this time. */
const HEAD_WITHIN_MS = 5_000;
const REQUEST_WITHIN_MS = 10_000;
/** A connection on which nothing moves for so long is closed: no answer takes that long, so nobody reads it. */
const SILENT_MS = 60_000;

const RENEWAL = "the client sends the new token as Authorization: Bearer";

/** A refusal before the protocol begins. Codes are those of JSON-RPC's range for servers. */
interface Refused {
  status: number;
  message: string;
  headers?: Record<string, string>;
}

/** Listens; resolves as soon as requests are taken. */
export function listen(settings: HttpSettings, silentMs = SILENT_MS): Promise<Server> {
  const server = createHttpServer(
    {
      headersTimeout: HEAD_WITHIN_MS,
      requestTimeout: REQUEST_WITHIN_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void serve(settings, request, response),
  );
  server.setTimeout(silentMs);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, settings.host.replace(/^\[|\]$/g, ""), () => resolve(server));
  });
}

async function serve(
  settings: HttpSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const refused = strangerRefused(settings, request);
    if (refused) return refuse(response, refused);
    admitOrigin(request, response);
    response.setHeader("Cache-Control", "no-store");
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    const token = tokenOf(request);
    const wrong = requestRefused(request, token);
    if (wrong || token === null) return refuse(response, wrong ?? NO_TOKEN);
    await answer(settings, token, request, response);
  } catch (error) {
    log("a request failed", error);
    if (!response.headersSent) refuse(response, { status: 500, message: "billing-mcp failed" });
  }
}

async function answer(
  settings: HttpSettings,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const server = createServer(new Gateway(settings.gatewayUrl, fixedToken(token, RENEWAL)));
  // A cancellation could only name a call of its own batch. The SDK would never answer that, and keep the connection.
  server.server.removeNotificationHandler("notifications/cancelled");
  const transport = new StreamableHTTPServerTransport({
    enableJsonResponse: true,
    maxRequestBodySize: BODY_BYTES,
  });
  // Whoever hangs up ends what was asked for them, too.
  response.once("close", () => void server.close());
  // The SDK's own class declares its callbacks looser than exactOptionalPropertyTypes takes them.
  await server.connect(transport as Parameters<typeof server.connect>[0]);
  await transport.handleRequest(request, response);
}

/** Pages of other sites reach a local port by a name of their own (DNS rebinding): names and origins are closed lists. */
function strangerRefused(settings: HttpSettings, request: IncomingMessage): Refused | null {
  const { host = "", origin } = request.headers;
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : "";
  if (!settings.allowedHosts.includes(name)) {
    return {
      status: 403,
      message: "This host name is not served here: see BILLING_MCP_ALLOWED_HOSTS",
    };
  }
  if (origin !== undefined && !settings.allowedOrigins.includes(origin)) {
    return {
      status: 403,
      message: "Pages of this origin may not call: see BILLING_MCP_ALLOWED_ORIGINS",
    };
  }
  return null;
}

function requestRefused(request: IncomingMessage, token: string | null): Refused | null {
  if ((request.url ?? "").split("?")[0] !== PATH)
    return { status: 404, message: `The server is at ${PATH}` };
  if (request.method !== "POST") {
    const message = "There are no sessions and no streams here: send each request by POST";
    return { status: 405, message, headers: { Allow: "POST" } };
  }
  if (token !== null) return null;
  if (request.headers.authorization === undefined) return NO_TOKEN;
  const challenge = 'Bearer realm="billing", error="invalid_token"';
  return { ...NO_TOKEN, headers: { "WWW-Authenticate": challenge } };
}

const NO_TOKEN: Refused = {
  status: 401,
  message: "Send the user's token as Authorization: Bearer",
  headers: { "WWW-Authenticate": 'Bearer realm="billing"' },
};

function tokenOf(request: IncomingMessage): string | null {
  const token = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  return token !== undefined && TOKEN.test(token) ? token : null;
}

/** For a browser; the origin is one of those that may call. */
function admitOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Vary", "Origin");
  response.setHeader("Access-Control-Expose-Headers", "WWW-Authenticate");
  response.setHeader("Access-Control-Allow-Methods", "POST");
  response.setHeader(
    "Access-Control-Allow-Headers",
    "authorization, content-type, mcp-protocol-version, mcp-session-id",
  );
}

function refuse(response: ServerResponse, { status, message, headers }: Refused): void {
  const body = { jsonrpc: "2.0", error: { code: -32000, message }, id: null };
  // What else the caller sends is not read.
  const head = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    Connection: "close",
    ...headers,
  };
  response.writeHead(status, head).end(JSON.stringify(body));
}
