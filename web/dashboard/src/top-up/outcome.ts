import { type Payment, type Transaction, toMicros } from "@billing/client";

/** What can be said of a payment whose payer has come back. */
export type Outcome =
  /** Nobody has said yet whether it was paid. */
  | "waiting"
  /** The last attempt was declined; it can be paid another way. */
  | "declined"
  /** The payer's bank asks for a confirmation. */
  | "action"
  /** The provider says that it was paid; the balance does not have it yet. */
  | "booking"
  /** It stands in the history: the balance has it. */
  | "credited"
  /** Money arrived, and a person looks at it before anything is credited. */
  | "review"
  | "failed"
  | "canceled"
  | "expired";

/** Beside what the service says. */
export interface Hints {
  /**
   * Stripe's own `redirect_status` in the address: good enough to say that an attempt failed, never
   * that money has arrived.
   */
  redirect: string | null;
  /** The payer has only just come back: the service may yet know of an earlier attempt alone. */
  isFresh: boolean;
}

export function outcome(
  payment: Payment,
  entry: Transaction | undefined,
  { redirect, isFresh }: Hints,
): Outcome {
  switch (payment.status) {
    case "succeeded":
      if (entry) return "credited";
      return toMicros(payment.credited_usd) > 0n ? "booking" : "review";
    case "requires_action":
      return redirect === "failed" ? "declined" : "action";
    case "created":
    case "pending":
      if (redirect === "failed") return "declined";
      if (redirect === "succeeded" || isFresh) return "waiting";
      return payment.message === null ? "waiting" : "declined";
    case "failed":
    case "canceled":
    case "expired":
      return payment.status;
  }
}

/** It ended without money. It may still be reported as paid, late; then it is credited. */
export function hasEnded(outcome: Outcome): boolean {
  return outcome === "failed" || outcome === "canceled" || outcome === "expired";
}

/** It can be paid still, by the same page or form. */
export function canContinue(outcome: Outcome): boolean {
  return outcome === "declined" || outcome === "action";
}

/** How what arrived differs from what was ordered. */
export function difference(payment: Payment): "less" | "more" | undefined {
  if (payment.received === null) return undefined;
  const [received, ordered] = [toMicros(payment.received), toMicros(payment.amount)];
  if (received === ordered) return undefined;
  return received < ordered ? "less" : "more";
}

const AGAIN_MILLIS = 60 * 60 * 1000;

/** Another payment of the same amount that was paid within an hour of this one: perhaps in another tab. */
export function paidAlso(payment: Payment, others: readonly Payment[]): Payment | undefined {
  const paidAt = (of: Payment) => Date.parse(of.succeeded_at ?? of.created_at);
  return others.find(
    (other) =>
      other.payment_id !== payment.payment_id &&
      toMicros(other.credited_usd) > 0n &&
      other.currency === payment.currency &&
      toMicros(other.amount) === toMicros(payment.amount) &&
      Math.abs(paidAt(other) - paidAt(payment)) < AGAIN_MILLIS,
  );
}
