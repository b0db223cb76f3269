/** What is left of the balance and of the limits, and whether a cost is within them. */
import type { BalanceAnswer } from "./answers.js";
import { orZero } from "./money.js";

/** A limit of the account's day or month. Amounts are micros; null is no limit. */
export interface Limit {
  limit: bigint | null;
  /** What counts against it, holds included. */
  used: bigint;
  left: bigint | null;
  /** RFC 3339: when `used` begins at 0 again. */
  resetsAt: string;
}

export interface Limits {
  day: Limit;
  month: Limit;
}

export function limitsOf({ billing }: BalanceAnswer): Limits {
  const { limits, limits_reset: resets, usage } = billing;
  return {
    day: limitOf(limits.daily_usd, usage.today_usd, resets.daily_at),
    month: limitOf(limits.monthly_usd, usage.month_usd, resets.monthly_at),
  };
}

function limitOf(limit: bigint | null, used: bigint, resetsAt: string): Limit {
  return { limit, used, left: limit === null ? null : orZero(limit - used), resetsAt };
}

/** Why a call would be denied: the core's decisions, in the words of its callers. */
export type Reason =
  | "ACCOUNT_SUSPENDED"
  | "INSUFFICIENT_BALANCE"
  | "DAILY_LIMIT_EXCEEDED"
  | "MONTHLY_LIMIT_EXCEEDED"
  | "COST_ABOVE_LIMIT";

export interface Verdict {
  /** What the account would pay: 0 where billing is off for it. */
  cost: bigint;
  /** Null: the call would be allowed. Where several hold, the first as the core orders them. */
  reason: Reason | null;
  /** By how much too little there is; 0 where there is enough. */
  short: { available: bigint; day: bigint; month: bigint };
  /** RFC 3339: when the limit that is in the way starts again; null where waiting does not help. */
  tryAgainAt: string | null;
}

/** Decides on a cost in micros as billing-core/src/ledger/decide/spend.rs does, from the figures of one moment. */
export function verdict(balance: BalanceAnswer, price: bigint): Verdict {
  const { billing } = balance;
  const { day, month } = limitsOf(balance);
  const cost = billing.billing_enabled ? price : 0n;
  // What costs nothing is within every balance and every limit.
  const over = (left: bigint | null) => (cost > 0n && left !== null ? orZero(cost - left) : 0n);
  const room = ({ limit, used }: Limit) => (limit === null ? null : limit - used);
  const short = {
    available: over(billing.available_usd),
    day: over(room(day)),
    month: over(room(month)),
  };
  const found = (reason: Reason | null, tryAgainAt: string | null = null): Verdict => ({
    cost,
    reason,
    short,
    tryAgainAt,
  });
  if (billing.suspended) return found("ACCOUNT_SUSPENDED");
  if (short.available > 0n) return found("INSUFFICIENT_BALANCE");
  if (short.day === 0n && short.month === 0n) return found(null);
  const above = ({ limit }: Limit) => limit !== null && cost > limit;
  if (above(day) || above(month)) return found("COST_ABOVE_LIMIT");
  return short.day > 0n
    ? found("DAILY_LIMIT_EXCEEDED", day.resetsAt)
    : found("MONTHLY_LIMIT_EXCEEDED", month.resetsAt);
}
