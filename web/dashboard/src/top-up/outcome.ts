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

/**
 * `hinted` is Stripe's own `redirect_status` in the address: good enough to say that an attempt
 * failed, never that money has arrived.
 */
export function outcome(
  payment: Payment,
  entry: Transaction | undefined,
  hinted: string | null,
): Outcome {
  switch (payment.status) {
    case "succeeded":
      if (entry) return "credited";
      return toMicros(payment.credited_usd) > 0n ? "booking" : "review";
    case "requires_action":
      return hinted === "failed" ? "declined" : "action";
    case "created":
    case "pending":
      return payment.message !== null || hinted === "failed" ? "declined" : "waiting";
    case "failed":
    case "canceled":
    case "expired":
      return payment.status;
  }
}

/** The page asks no further: nothing that is shown can change by waiting. */
export function isOver(outcome: Outcome): boolean {
  return outcome === "credited";
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
      other.status === "succeeded" &&
      other.currency === payment.currency &&
      toMicros(other.amount) === toMicros(payment.amount) &&
      Math.abs(paidAt(other) - paidAt(payment)) < AGAIN_MILLIS,
  );
}
