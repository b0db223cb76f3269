/** A running stack (`cargo xtask up --json`, its line in the file named by BILLING_UP), users of its own, and its core. */
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";

import { readJson } from "../src/gateway.js";
import { fromMicros, toMicros } from "../src/money.js";

export interface Stack {
  gateway: string;
  grpc: string;
  tenant_id: string;
  user_id: string;
  jwt: string;
  jwt_secret: string;
  admin_jwt: string;
  tools_token: string;
}

export function announced(): Stack | null {
  const path = process.env["BILLING_UP"];
  return path ? (JSON.parse(readFileSync(path, "utf8")) as Stack) : null;
}

/** The token that `up` printed, issued anew for another user; below 0 secs it has expired. */
export function tokenOf(stack: Stack, userId: string, secs = 600): string {
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const claims = JSON.parse(
    Buffer.from(stack.jwt.split(".")[1] ?? "", "base64url").toString(),
  ) as object;
  const ours = Object.entries(claims).map(([name, value]) => [
    name,
    value === stack.user_id ? userId : value,
  ]);
  const exp = Math.floor(Date.now() / 1000) + secs;
  const text = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ ...Object.fromEntries(ours), exp })}`;
  return `${text}.${createHmac("sha256", stack.jwt_secret).update(text).digest("base64url")}`;
}

async function rest(
  stack: Stack,
  token: string,
  method: string,
  path: string,
  body?: string,
): Promise<any> {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(stack.gateway + path, { method, headers, body: body ?? null });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return readJson(text);
}

/** Somebody new, with exactly these limits and this balance; amounts are decimal texts. */
export async function newUser(
  stack: Stack,
  balance: string,
  daily: string,
  monthly: string,
): Promise<string> {
  const user = `mcp-${randomUUID()}`;
  const token = tokenOf(stack, user);
  const limits = `{"daily_limit_usd": ${daily}, "monthly_limit_usd": ${monthly}}`;
  await rest(stack, token, "PUT", "/api/billing/settings", limits);
  const { billing } = await rest(stack, token, "GET", "/api/billing/balance");
  const missing = toMicros(balance) - toMicros(billing.balance_usd);
  const adjustment = `{"amount": ${fromMicros(missing)}, "reason": "a test of billing-mcp"}`;
  if (missing !== 0n) {
    await rest(
      stack,
      stack.admin_jwt,
      "POST",
      `/api/admin/users/${user}/adjust-balance`,
      adjustment,
    );
  }
  return user;
}

export async function suspend(stack: Stack, user: string): Promise<void> {
  const path = `/api/admin/users/${user}/suspend`;
  await rest(stack, stack.admin_jwt, "POST", path, '{"reason": "a test of billing-mcp"}');
}

export interface Recorder {
  url: string;
  server: Server;
  asked: { method: string; path: string; bytes: number }[];
}

/** Stands before the gateway and writes down what passes. */
export async function recorder(stack: Stack): Promise<Recorder> {
  const asked: Recorder["asked"] = [];
  const server = createServer(async (request, response) => {
    let bytes = 0;
    for await (const part of request) bytes += (part as Buffer).length;
    const { method = "", url = "", headers } = request;
    asked.push({ method, path: url.split("?")[0] ?? "", bytes });
    const passed = { Authorization: headers.authorization ?? "", Accept: headers.accept ?? "" };
    const answer = await fetch(stack.gateway + url, { method, headers: passed });
    const type = answer.headers.get("content-type") ?? "";
    response.writeHead(answer.status, { "Content-Type": type }).end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked };
}

type Field = [number: number, value: string | bigint | Buffer];

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

function message(...fields: Field[]): Buffer {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === "bigint") return [varint(BigInt(number) << 3n), varint(value)];
    const bytes = Buffer.from(value);
    return [varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.length)), bytes];
  });
  return Buffer.concat(parts);
}

/** The numbers of a message, by field; what else is in it is passed over. */
function numbers(bytes: Buffer): Map<number, bigint> {
  const found = new Map<number, bigint>();
  let at = 0;
  const next = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = next();
    const value = next();
    if ((tag & 7n) === 2n) at += Number(value);
    else found.set(Number(tag >> 3n), value);
  }
  return found;
}

/** What the core itself decides on a call of a tool (CheckBalance), or on one that is to begin (PlaceHold). */
export async function decide(
  stack: Stack,
  rpc: "CheckBalance" | "PlaceHold",
  userId: string,
  tool: string,
  quantities: Record<string, number> = {},
) {
  const account = message([1, stack.tenant_id], [2, userId]);
  const units = Object.entries(quantities).map(([unit, many]): Field => [
    2,
    message([1, unit], [2, BigInt(many)]),
  ]);
  const cost = message([2, message([1, tool], ...units)]);
  const fields: Field[] =
    rpc === "CheckBalance"
      ? [
          [1, account],
          [2, cost],
        ]
      : [
          [1, account],
          [2, randomUUID()],
          [3, cost],
        ];
  const found = numbers(await grpc(stack, `/billing.v1.BalanceService/${rpc}`, message(...fields)));
  return {
    decision: found.get(1) ?? 0n,
    requiredMicros: found.get(3) ?? 0n,
    shortfallMicros: found.get(5) ?? 0n,
    isAboveLimit: found.get(11) === 1n,
  };
}

function grpc(stack: Stack, path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const session = connect(stack.grpc);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${stack.tools_token}`,
    });
    const parts: Buffer[] = [];
    let refused: unknown = "";
    const read = (head: Record<string, unknown>) => (refused = head["grpc-status"] ?? refused);
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", reject);
    stream.on("end", () => {
      session.close();
      if (refused === "0") resolve(Buffer.concat(parts).subarray(5));
      else reject(new Error(`${path}: status ${String(refused)}`));
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    stream.end(Buffer.concat([head, request]));
  });
}
