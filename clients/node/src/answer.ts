// Every body that callers meet, written by hand: amounts are JSON numbers of exactly their digits.

import type { CheckBalanceResponse } from "./gen/billing/v1/balance_pb.js";
import { Decision } from "./gen/billing/v1/balance_pb.js";
import type { LimitStatus } from "./gen/billing/v1/account_pb.js";
import { LimitPeriod } from "./gen/billing/v1/account_pb.js";
import { usdNumber, usdText } from "./usd.js";

/** An answer to a caller whose call is not made. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON */
  readonly body: string;
  /** As in the body. */
  readonly code: string;
}

/** The fields that check, placement and charge have in common. */
export type Decided = Pick<
  CheckBalanceResponse,
  | "decision"
  | "requiredMicros"
  | "shortfallMicros"
  | "balance"
  | "limits"
  | "topupUrl"
  | "retryAfter"
  | "aboveLimit"
  | "billingEnabled"
>;

/** An answer of the core's that is not understood, as from a newer core: it must be taken for a no. */
export class Unclear extends Error {
  override readonly name = "Unclear";
}

const JSON_TYPE = { "content-type": "application/json" };

function answer(status: number, error: string, message: string, code: string, more = ""): Answer {
  const body = `{"error":${JSON.stringify(error)},"message":${JSON.stringify(message)},"code":"${code}"${more}}`;
  return { status, headers: JSON_TYPE, body, code };
}

export const UNAVAILABLE = answer(
  503,
  "Billing unavailable",
  "Billing cannot be reached, so the call was not made. Try again soon.",
  "BILLING_UNAVAILABLE",
);
export const KEY_REUSED = answer(
  409,
  "Key already used",
  "This Idempotency-Key was used for another call.",
  "IDEMPOTENCY_KEY_REUSED",
);
export const HOLD_ENDED = answer(
  409,
  "Call has ended",
  "This call has ended. Sent with a new Idempotency-Key, it is another call.",
  "HOLD_ENDED",
);
export const CALL_REPEATED = answer(409, "Call repeated", "This call was made and charged before.", "CALL_REPEATED");
export const INVALID_KEY = answer(
  400,
  "Invalid request",
  "Idempotency-Key must be sent once, with 1 to 255 bytes",
  "INVALID_REQUEST",
);
export const UNAUTHENTICATED: Answer = {
  ...answer(401, "Unauthorized", "Send a valid bearer token or API key.", "UNAUTHENTICATED"),
  headers: { ...JSON_TYPE, "www-authenticate": "Bearer" },
};

/** Reads a decision: null is a yes. Throws {@link Unclear}. */
export function denial(decided: Decided, topupUrl: string | null, unpriced: 503 | 402): Answer | null {
  switch (decided.decision) {
    case Decision.ALLOWED:
      return null;
    case Decision.TOOL_NOT_PRICED: {
      const message = "This tool has no price yet and cannot be used.";
      return answer(unpriced, "Tool not priced", message, "TOOL_NOT_PRICED");
    }
    case Decision.ACCOUNT_SUSPENDED:
      return answer(403, "Account suspended", "This account is suspended.", "ACCOUNT_SUSPENDED");
    case Decision.INSUFFICIENT_BALANCE:
      return insufficientBalance(decided, topupUrl);
    case Decision.DAILY_LIMIT_EXCEEDED:
      return limitExceeded(decided, LimitPeriod.DAY, "Daily limit exceeded", "DAILY_LIMIT_EXCEEDED");
    case Decision.MONTHLY_LIMIT_EXCEEDED:
      return limitExceeded(decided, LimitPeriod.MONTH, "Monthly limit exceeded", "MONTHLY_LIMIT_EXCEEDED");
    default:
      throw new Unclear("the core's answer lacks a decision that this version knows");
  }
}

function insufficientBalance(decided: Decided, topupUrl: string | null): Answer {
  if (decided.balance === undefined) throw new Unclear("the core's answer lacks a balance");
  const current = decided.balance.availableMicros;
  const required = decided.requiredMicros;
  const url = decided.topupUrl || topupUrl;
  const more =
    `,"balance":{"current_usd":${usdNumber(current)},"required_usd":${usdNumber(required)},` +
    `"shortfall_usd":${usdNumber(decided.shortfallMicros)}},"topup_url":${JSON.stringify(url)}`;
  const message = `Required: ${usdText(required)}, Available: ${usdText(current)}`;
  return answer(402, "Insufficient balance", message, "INSUFFICIENT_BALANCE", more);
}

function limitExceeded(decided: Decided, period: LimitPeriod, error: string, code: string): Answer {
  const daily = limitOf(decided, LimitPeriod.DAY);
  const monthly = limitOf(decided, LimitPeriod.MONTH);
  if (decided.aboveLimit) {
    const required = usdText(decided.requiredMicros);
    const message = `Required: ${required}, Daily: ${limitText(daily)}, Monthly: ${limitText(monthly)}`;
    return answer(403, "Cost above limit", message, "COST_ABOVE_LIMIT");
  }
  const deniedBy = period === LimitPeriod.DAY ? daily : monthly;
  if (deniedBy.resetsAt === undefined) throw new Unclear("the core's answer lacks the time of a reset");
  const wait = decided.retryAfter;
  if (wait === undefined) throw new Unclear("the core's answer lacks the time to wait");
  const more =
    `,"limits":{"daily_limit_usd":${limitNumber(daily)},"daily_spent_usd":${usdNumber(daily.usedMicros)},` +
    `"monthly_limit_usd":${limitNumber(monthly)},"monthly_spent_usd":${usdNumber(monthly.usedMicros)}},` +
    `"reset_at":"${timeText(deniedBy.resetsAt)}"`;
  const message = `Limit: ${limitText(deniedBy)}, Spent: ${usdText(deniedBy.usedMicros)}`;
  // Up to the next whole second: a caller that came back earlier would be denied again.
  const seconds = wait.seconds + (wait.nanos > 0 ? 1n : 0n);
  const retryAfter = (seconds < 1n ? 1n : seconds).toString();
  const denied = answer(429, error, message, code, more);
  return { ...denied, headers: { ...denied.headers, "retry-after": retryAfter } };
}

function limitOf(decided: Decided, period: LimitPeriod): LimitStatus {
  const limit = decided.limits.find((status) => status.period === period);
  if (limit === undefined) throw new Unclear("the core's answer lacks a limit");
  return limit;
}

function limitText(limit: LimitStatus): string {
  return limit.limitMicros === undefined ? "none" : usdText(limit.limitMicros);
}

function limitNumber(limit: LimitStatus): string {
  return limit.limitMicros === undefined ? "null" : usdNumber(limit.limitMicros);
}

/** RFC 3339 in UTC, with the digits of a second that are not 0. */
function timeText(time: { readonly seconds: bigint; readonly nanos: number }): string {
  const date = new Date(Number(time.seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw new Unclear("the core's answer lacks the time of a reset");
  const fraction = time.nanos.toString().padStart(9, "0").replace(/0+$/, "");
  return `${date.toISOString().slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}
