import { type AmountProblem, type Decimal, type Locale, parseAmount } from "@billing/client";
import { negated } from "../exact";
import { type ReasonProblem, reasonProblem } from "../reason";

export const WAYS = ["grant", "add", "take"] as const;
/** A present, a correction upwards, a correction downwards: nobody has to type a sign. */
export type Way = (typeof WAYS)[number];

/** As it is typed. */
export interface AdjustDraft {
  way: Way;
  amount: string;
  reason: string;
  tried: boolean;
}

/** What is sent, once it was confirmed. */
export interface Adjustment {
  kind: "grant" | "adjustment";
  /** Signed. */
  amount: Decimal;
  reason: string;
}

export interface AdjustForm {
  /** Null while anything is wrong. */
  adjustment: Adjustment | null;
  amountProblem: AmountProblem | null;
  reasonProblem: ReasonProblem | null;
}

export const AMOUNT_BOUNDS = { min: "0.000001", decimals: 6 };

export function readAdjustForm(draft: AdjustDraft, locale: Locale): AdjustForm {
  const amount = parseAmount(draft.amount, locale, AMOUNT_BOUNDS);
  const wrongReason = reasonProblem(draft.reason);
  if (!amount.ok || wrongReason !== null) {
    return {
      adjustment: null,
      amountProblem: amount.ok ? null : amount.problem,
      reasonProblem: wrongReason,
    };
  }
  const adjustment: Adjustment = {
    kind: draft.way === "grant" ? "grant" : "adjustment",
    amount: draft.way === "take" ? negated(amount.value) : amount.value,
    reason: draft.reason.trim(),
  };
  return { adjustment, amountProblem: null, reasonProblem: null };
}
