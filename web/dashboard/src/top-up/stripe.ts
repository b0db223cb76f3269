import type { Stripe, StripeError } from "@stripe/stripe-js";

/** Longer than this nobody waits: then the payer goes to Stripe's own page. */
const LOADED_WITHIN_MILLIS = 10_000;

/**
 * Stripe's script, loaded when somebody pays and not before. Null where it cannot be had: blocked,
 * offline, or never answering, in which case its own promise would stay open for ever.
 */
export async function loadCardForm(publishableKey: string): Promise<Stripe | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), LOADED_WITHIN_MILLIS);
  });
  try {
    return await Promise.race([script(publishableKey), late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function script(publishableKey: string): Promise<Stripe | null> {
  const { loadStripe } = await import("@stripe/stripe-js/pure");
  return loadStripe(publishableKey);
}

/** How a confirmation ended that was not the end of the payment. */
export type Refusal =
  /** Stripe says so beside the field itself. */
  | { kind: "field" }
  /** Why, as a key of our texts under `declined`. */
  | { kind: "declined"; reason: Declined }
  /** Whether it was paid is not known here: the payment's own page tells. */
  | { kind: "look" };

export type Declined =
  | "card"
  | "insufficient_funds"
  | "authentication"
  | "expired_card"
  | "incorrect"
  | "processing"
  | "unknown";

const REASONS: Record<string, Declined> = {
  card_declined: "card",
  insufficient_funds: "insufficient_funds",
  payment_intent_authentication_failure: "authentication",
  authentication_required: "authentication",
  expired_card: "expired_card",
  incorrect_number: "incorrect",
  invalid_number: "incorrect",
  incorrect_cvc: "incorrect",
  invalid_cvc: "incorrect",
  invalid_expiry_month: "incorrect",
  invalid_expiry_year: "incorrect",
  processing_error: "processing",
};

export function refusal(error: StripeError): Refusal {
  // Another tab has paid or cancelled it.
  if (error.code === "payment_intent_unexpected_state") return { kind: "look" };
  switch (error.type) {
    case "validation_error":
      return { kind: "field" };
    // It broke off on the way: the money may have moved.
    case "api_connection_error":
    case "api_error":
      return { kind: "look" };
    default: {
      const reason = REASONS[error.decline_code ?? ""] ?? REASONS[error.code ?? ""];
      return { kind: "declined", reason: reason ?? "unknown" };
    }
  }
}
