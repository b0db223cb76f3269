import {
  type AmountProblem,
  compareAmounts,
  type Decimal,
  type Locale,
  parseAmount,
} from "@billing/client";
import type { AccountInFull } from "../api";

export const LIMITS = ["daily", "monthly"] as const;
export type LimitName = (typeof LIMITS)[number];

/** What is to be changed: null is no limit, absent stays as it is. */
export type NewLimits = Partial<Record<LimitName, Decimal | null>>;

export interface LimitsForm {
  wanted: NewLimits;
  problems: Partial<Record<LimitName, AmountProblem>>;
}

export const LIMIT_BOUNDS = { max: "1000000000", decimals: 6 };

/** What was typed, less what is so already. An empty field is no limit. */
export function readLimitsForm(
  typed: Record<LimitName, string>,
  before: AccountInFull["limits"],
  locale: Locale,
): LimitsForm {
  const form: LimitsForm = { wanted: {}, problems: {} };
  for (const name of LIMITS) {
    const amount = parseAmount(typed[name], locale, LIMIT_BOUNDS);
    if (!amount.ok && amount.problem !== "empty") {
      form.problems[name] = amount.problem;
      continue;
    }
    const limit = amount.ok ? amount.value : null;
    if (!sameLimit(limit, before[`${name}_usd`])) form.wanted[name] = limit;
  }
  return form;
}

function sameLimit(a: Decimal | null, b: Decimal | null): boolean {
  return a === null || b === null ? a === b : compareAmounts(a, b) === 0;
}
