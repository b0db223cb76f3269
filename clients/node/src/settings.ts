// Settings: options first, then the environment, then defaults.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

import type { EndStore, KeptEnd } from "./end.js";
import type { Logger } from "./log.js";

/** A setting that is missing or cannot work. Its text begins with the setting's name and holds no secret. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

/** Every option may be left out where the environment has it or a default is named. */
export interface BillingOptions {
  /** The core, `http://` or `https://`. Environment: `BILLING_CORE_URL`. */
  coreUrl?: string | undefined;
  /** A service token of the role `tools`. Environment: `BILLING_TOOLS_TOKEN`. */
  token?: string | undefined;
  /** The tenant whose users call, 1 to 128 bytes. Environment: `BILLING_TENANT`. */
  tenant?: string | undefined;
  /** A PEM file of authorities, for `https://`; else Node's own. Environment: `BILLING_CORE_CA`. */
  caFile?: string | undefined;
  /** Where users top up if the tenant has set no address. Environment: `BILLING_TOPUP_URL`. */
  topupUrl?: string | undefined;
  /** For check and placement, in milliseconds: 2,000. */
  decisionDeadlineMs?: number | undefined;
  /** For capture, release, charge and extension, in milliseconds: 5,000. */
  endingDeadlineMs?: number | undefined;
  /** How long a hold lives unless it is extended, in milliseconds: 60,000; at least 1,000. */
  holdTtlMs?: number | undefined;
  /** Up to how many micros calls may pass while the core gives no decision: 0, so none. */
  allowUpToMicros?: bigint | number | undefined;
  /** The status for a tool without a price: 503, or 402. */
  unpriced?: 503 | 402 | undefined;
  /** A call without a user: `refuse` (401), or `pass`, not billed. */
  withoutUser?: "refuse" | "pass" | undefined;
  /** A repeat of a call that was charged: `work` again, charged once, or `refuse` (409). */
  repeats?: "work" | "refuse" | undefined;
  /** How many ends are kept while the core does not take them: 10,000. */
  backlogMax?: number | undefined;
  /** Keeps ends durably, so that they outlive the process. */
  store?: EndStore | undefined;
  /** Told of each end that is given up: the backlog was full, or the core refused it. */
  onLost?: ((end: KeptEnd, reason: string) => Promise<void> | void) | undefined;
  /** Where this package logs: `console`. */
  logger?: Logger | undefined;
}

export interface Settings {
  /** `host:port` */
  readonly target: string;
  /** `null`: plain text. */
  readonly tls: { readonly authorities: Buffer | null } | null;
  readonly token: string;
  readonly tenant: string;
  readonly topupUrl: string | null;
  readonly decisionDeadlineMs: number;
  readonly endingDeadlineMs: number;
  readonly holdTtlMs: number;
  readonly allowUpToMicros: bigint;
  readonly unpriced: 503 | 402;
  readonly withoutUser: "refuse" | "pass";
  readonly repeats: "work" | "refuse";
  readonly backlogMax: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DAY_MS = 24 * 60 * 60 * 1000;
const TENANT_BYTES = 128;

/** Reads and checks all settings; throws {@link SettingError} for the first that cannot work. */
export function readSettings(options: BillingOptions, environment: Environment = process.env): Settings {
  const text = (option: string | undefined, name: string) => option || environment[name] || null;
  const url = text(options.coreUrl, "BILLING_CORE_URL");
  const token = text(options.token, "BILLING_TOOLS_TOKEN");
  const tenant = text(options.tenant, "BILLING_TENANT");
  const core = coreAddress(url);
  if (token === null) throw new SettingError("BILLING_TOOLS_TOKEN is not set: a service token of the role tools");
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new SettingError("BILLING_TOOLS_TOKEN holds a character that no header can carry");
  }
  if (tenant === null) throw new SettingError("BILLING_TENANT is not set: the tenant whose users call");
  if (Buffer.byteLength(tenant) > TENANT_BYTES) {
    throw new SettingError(`BILLING_TENANT is longer than ${TENANT_BYTES} bytes`);
  }
  const caFile = text(options.caFile, "BILLING_CORE_CA");
  return {
    target: core.target,
    tls: authorities(core.secure, caFile),
    token,
    tenant,
    topupUrl: topupUrl(text(options.topupUrl, "BILLING_TOPUP_URL")),
    decisionDeadlineMs: whole(options.decisionDeadlineMs ?? 2_000, "decisionDeadlineMs", 1, DAY_MS),
    endingDeadlineMs: whole(options.endingDeadlineMs ?? 5_000, "endingDeadlineMs", 1, DAY_MS),
    holdTtlMs: whole(options.holdTtlMs ?? 60_000, "holdTtlMs", 1_000, DAY_MS),
    allowUpToMicros: micros(options.allowUpToMicros ?? 0n),
    unpriced: oneOf(options.unpriced ?? 503, "unpriced", [503, 402]),
    withoutUser: oneOf(options.withoutUser ?? "refuse", "withoutUser", ["refuse", "pass"]),
    repeats: oneOf(options.repeats ?? "work", "repeats", ["work", "refuse"]),
    backlogMax: whole(options.backlogMax ?? 10_000, "backlogMax", 0, 10_000_000),
  };
}

function coreAddress(text: string | null): { target: string; secure: boolean } {
  if (text === null) {
    throw new SettingError("BILLING_CORE_URL is not set: the billing core, as http://localhost:50051");
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new SettingError("BILLING_CORE_URL is not a URL");
  }
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") {
    throw new SettingError("BILLING_CORE_URL must begin with http:// or https://");
  }
  if (url.username || url.password || url.search || url.hash || url.pathname !== "/") {
    throw new SettingError("BILLING_CORE_URL must be a host and a port only");
  }
  return { target: `dns:${url.hostname}:${url.port || (secure ? "443" : "80")}`, secure };
}

function authorities(secure: boolean, caFile: string | null): Settings["tls"] {
  if (!secure) {
    if (caFile === null) return null;
    throw new SettingError("BILLING_CORE_CA is set, but BILLING_CORE_URL is not https://");
  }
  if (caFile === null) return { authorities: null };
  let pem: Buffer;
  try {
    pem = readFileSync(caFile);
  } catch (error) {
    throw new SettingError(`BILLING_CORE_CA cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    new X509Certificate(pem);
  } catch {
    throw new SettingError("BILLING_CORE_CA holds no certificate in PEM");
  }
  return { authorities: pem };
}

function topupUrl(text: string | null): string | null {
  if (text !== null && !/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : "")) {
    throw new SettingError("BILLING_TOPUP_URL must be a URL that begins with http:// or https://");
  }
  return text;
}

function whole(value: number, name: string, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new SettingError(`${name} must be a whole number from ${least} to ${most}`);
  }
  return value;
}

function micros(value: bigint | number): bigint {
  if (typeof value === "bigint" ? value < 0n : !Number.isSafeInteger(value) || value < 0) {
    throw new SettingError("allowUpToMicros must be an integer, 0 or more");
  }
  return BigInt(value);
}

function oneOf<T>(value: T, name: string, choices: readonly T[]): T {
  if (!choices.includes(value)) throw new SettingError(`${name} must be ${choices.join(" or ")}`);
  return value;
}
