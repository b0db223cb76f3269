/** A pretended gateway, for what a real one cannot be brought to answer; and a client in this process. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";

import { Gateway } from "../src/gateway.js";
import { createServer as createMcpServer } from "../src/server.js";
import { fixedToken } from "../src/token.js";

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body: string;
}

export interface Pretended {
  url: string;
  server: Server;
  asked: { method: string; path: string; authorization: string | undefined; bytes: number }[];
}

/** The figures of docs/api.md. */
export const BALANCE = {
  available_usd: 24.15,
  balance_usd: 24.65,
  held_usd: 0.5,
  debt_usd: 0,
  low_balance: false,
  limits: { daily_usd: 10, monthly_usd: 100 as number | null },
  limits_reset: { daily_at: "2026-11-22T00:00:00Z", monthly_at: "2026-12-01T00:00:00Z" },
  usage: { today_usd: 0.85, month_usd: 0.85 },
  billing_enabled: true,
  suspended: false,
  time_zone: "UTC",
};

export const TRANSLATE = {
  tool: "translate",
  free: false,
  free_calls_per_day: 5,
  units: [{ unit: "words", price_usd: 0.15, per_units: 1_000_000 }],
  fixed_usd: 0.01,
  version: 3,
  valid_from: "2026-11-01T00:00:00Z",
};

const ROWS = { spent_usd: 0.35, requests: 7 };

export function usual(path: string, billing: object = {}): Answer {
  const answers: Record<string, object> = {
    "/api/billing/balance": {
      billing: { ...BALANCE, ...billing },
      payments_paused: false,
      payments_paused_reason: null,
    },
    "/api/billing/pricing-info": {
      tools: [TRANSLATE, { ...TRANSLATE, tool: "search", free_calls_per_day: 0, units: [] }],
    },
    "/api/billing/usage-chart": { chart: [{ date: "2026-11-21", ...ROWS }] },
    "/api/billing/usage": {
      usage: {
        by_day: [{ date: "2026-11-21", ...ROWS }],
        by_tool: [{ tool: "search", ...ROWS }],
        time_zone: "UTC",
      },
    },
    "/api/billing/holds": { holds: [], pagination: { next_before: null } },
  };
  const found = answers[path.split("?")[0] ?? ""];
  return found ? { body: JSON.stringify(found) } : { status: 404, body: "" };
}

export async function pretend(
  answer: (path: string) => Answer | Promise<Answer>,
): Promise<Pretended> {
  const asked: Pretended["asked"] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let bytes = 0;
    for await (const part of request) bytes += (part as Buffer).length;
    const { method = "", url: path = "", headers } = request;
    asked.push({ method, path, authorization: headers.authorization, bytes });
    const { status = 200, headers: more = {}, body } = await answer(path);
    response.writeHead(status, { "Content-Type": "application/json", ...more }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server, asked };
}

/** A client of a server in this process, whose gateway is at `url`. */
export async function clientOf(url: string, deadlineMs?: number): Promise<Client> {
  const gateway = new Gateway(url, fixedToken("a.b.c", "bring another one"), deadlineMs);
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await createMcpServer(gateway).connect(ours);
  const client = new Client({ name: "test", version: "0" });
  await client.connect(theirs);
  return client;
}

export interface Called {
  isError: boolean;
  text: string;
  structured: Record<string, any>;
}

export async function call(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<Called> {
  const result = await client.callTool({ name, arguments: args });
  const content = result.content as { type: string; text: string }[];
  return {
    isError: result.isError === true,
    text: content.map((part) => part.text).join("\n"),
    structured: (result.structuredContent ?? {}) as Record<string, any>,
  };
}
