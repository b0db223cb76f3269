// The stack that an up.json describes, reached by grpc-js alone, as a backend without this package would.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, Metadata, credentials } from "@grpc/grpc-js";
import { AccountService, BalanceService, EntryKind } from "billing-client/messages";

// As in ../src/core.ts: both sides of the comparison connect in the same way, each by a connection of its own.
const CHANNEL = {
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.dns_min_time_between_resolutions_ms": 1_000,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.use_local_subchannel_pool": 1,
};
const ADMIN_DEADLINE_MS = 10_000;
const PAGE = 500;
/** One million dollars, in micros: no run spends so much. */
const GRANT_MICROS = 1_000_000_000_000n;

/** The line that `cargo xtask up --json` has written to a file. */
export function readUp(path) {
  const up = JSON.parse(readFileSync(path, "utf8").split("\n", 1)[0]);
  for (const member of ["grpc", "tools_token", "admin_token", "tenant_id"]) {
    if (typeof up[member] !== "string") throw new Error(`${path} has no ${member}`);
  }
  return up;
}

/** Names that no other run has. */
export function newUsers(prefix, count) {
  const run = randomUUID().slice(0, 8);
  return Array.from({ length: count }, (_, number) => `${prefix}-${run}-${number}`);
}

/** An RPC as grpc-js is given it. */
export function unary(method) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    input: method.input,
    write: (message) => Buffer.from(toBinary(method.input, message)),
    read: (bytes) => fromBinary(method.output, bytes),
  };
}

/** A channel with a token. Plain text only. */
export class Bare {
  #client;
  #authorization;

  constructor(up, token) {
    this.#client = new Client(`dns:${new URL(up.grpc).host}`, credentials.createInsecure(), CHANNEL);
    this.#authorization = `Bearer ${token}`;
  }

  /** One request, never repeated. Rejects with grpc-js's ServiceError. */
  ask(rpc, request, deadlineMs, traceparent) {
    const metadata = new Metadata();
    metadata.set("authorization", this.#authorization);
    if (traceparent !== undefined) metadata.set("traceparent", traceparent);
    const message = create(rpc.input, request);
    const deadline = Date.now() + deadlineMs;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(rpc.path, rpc.write, rpc.read, message, metadata, { deadline }, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer);
      });
    });
  }

  close() {
    this.#client.close();
  }
}

const GRANT = unary(AccountService.method.grantCredit);
const SETTINGS = unary(AccountService.method.updateSettings);
const BALANCE = unary(BalanceService.method.getBalance);
const ENTRIES = unary(BalanceService.method.listEntries);

/** The administrator: gives money, and reads the books. */
export class Admin {
  #bare;
  #tenantId;

  constructor(up) {
    this.#bare = new Bare(up, up.admin_token);
    this.#tenantId = up.tenant_id;
  }

  /** Gives each user more than a run can spend, and takes the limits away. */
  async fund(users) {
    for (const user of users) {
      const account = this.#account(user);
      const settings = { account, dailyLimit: {}, monthlyLimit: {} };
      await this.#bare.ask(SETTINGS, settings, ADMIN_DEADLINE_MS);
      const grant = {
        account,
        idempotencyKey: "bench",
        amountMicros: GRANT_MICROS,
        reason: "for a benchmark",
        actor: "bench",
      };
      await this.#bare.ask(GRANT, grant, ADMIN_DEADLINE_MS);
    }
  }

  balance(user) {
    return this.#bare.ask(BALANCE, { account: this.#account(user) }, ADMIN_DEADLINE_MS);
  }

  /** All charges of a user: how many, of how many calls, and their sum in micros. */
  async charges(user) {
    const calls = new Set();
    let [count, micros, pageToken] = [0, 0n, ""];
    do {
      const request = { account: this.#account(user), pageSize: PAGE, pageToken, kind: EntryKind.CHARGE };
      const page = await this.#bare.ask(ENTRIES, request, ADMIN_DEADLINE_MS);
      for (const entry of page.entries) {
        calls.add(entry.requestId);
        count += 1;
        micros -= entry.amountMicros;
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return { count, calls: calls.size, micros };
  }

  close() {
    this.#bare.close();
  }

  #account(userId) {
    return { tenantId: this.#tenantId, userId };
  }
}

/** Of numbers; NaN where there are none. */
export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
