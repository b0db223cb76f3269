import { type Decimal, fromMicros, toMicros } from "@billing/client";

/** A hundred percent, in millionths of a percent. */
const WHOLE = 100_000_000n;

/** What a call costs by base cost and markup in percent: exact, then rounded up to a micro, as the service does. */
export function markedUp(base: Decimal, percent: Decimal): Decimal {
  const scaled = toMicros(base) * (WHOLE + toMicros(percent));
  return fromMicros((scaled + WHOLE - 1n) / WHOLE);
}

/** The parts of a payment that decide what may still be given back, in the payment's currency. */
export interface Refundable {
  received: Decimal | null;
  refunded: Decimal;
  refund_requested: Decimal;
  disputed: Decimal;
}

/** What is left to refund: the gateway decides by the same rule. */
export function leftToRefund(payment: Refundable): Decimal {
  const disputed = toMicros(payment.disputed);
  const left =
    toMicros(payment.received ?? "0") -
    toMicros(payment.refunded) -
    toMicros(payment.refund_requested) -
    (disputed > 0n ? disputed : 0n);
  return fromMicros(left > 0n ? left : 0n);
}

export function leftAfter(left: Decimal, refund: Decimal): Decimal {
  return fromMicros(toMicros(left) - toMicros(refund));
}

export function negated(amount: Decimal): Decimal {
  return fromMicros(-toMicros(amount));
}

export function isNegative(amount: Decimal): boolean {
  return toMicros(amount) < 0n;
}

export function isZero(amount: Decimal): boolean {
  return toMicros(amount) === 0n;
}
