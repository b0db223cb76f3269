import { ApiError, type Client, type CreatedPayment } from "@billing/client";
import { type Attempt, attemptFor, type Content, forget, noteBegun } from "./attempt";

/** How a payment goes on once the gateway has it. */
export type Begun =
  /** In the page: whoever has the secret can pay. */
  | { go: "card"; paymentId: string; clientSecret: string; attempt: Attempt }
  /** On the provider's page. */
  | { go: "page"; paymentId: string; url: string }
  /** This very payment was made before: nothing new was begun. */
  | { go: "already"; paymentId: string }
  /** The gateway has it, and nothing to pay it with here: only its state can be shown. */
  | { go: "look"; paymentId: string };

/** The key is of no use for another try: the next one is another payment. */
const SPENT_KEYS = new Set(["PAYMENT_BEGUN", "IDEMPOTENCY_KEY_REUSED"]);

/** Begins the form's payment, or goes on with it where it was begun before. */
export async function begin(client: Client, content: Content): Promise<Begun> {
  const begun = await send(client, attemptFor(content));
  if (begun !== "ended") return begun;
  // It ended unpaid in the meantime: the same amount is a new payment, and its key is forgotten by now.
  const again = await send(client, attemptFor(content));
  if (again === "ended") throw new Error("a payment that has just begun has ended");
  return again;
}

/** Goes on with a payment that was begun in this browser. */
export async function resume(client: Client, attempt: Attempt): Promise<Begun | "ended"> {
  return send(client, attempt);
}

async function send(client: Client, attempt: Attempt): Promise<Begun | "ended"> {
  try {
    const { provider, currency, amount, hosted, key } = attempt;
    const created = await client.createPayment(provider, currency, amount, {
      key,
      // Absent and false are one thing, and other content than true.
      hosted: hosted || undefined,
    });
    return note(attempt, created);
  } catch (error) {
    if (error instanceof ApiError && SPENT_KEYS.has(error.code)) forget({ key: attempt.key });
    throw error;
  }
}

function note(attempt: Attempt, created: CreatedPayment): Begun | "ended" {
  const paymentId = created.payment_id;
  switch (created.status) {
    case "failed":
    case "canceled":
    case "expired":
      forget({ key: attempt.key });
      return "ended";
    case "succeeded":
      noteBegun(attempt, paymentId);
      return { go: "already", paymentId };
    case "created":
    case "pending":
    case "requires_action":
      noteBegun(attempt, paymentId);
  }
  if (created.paymentUrl) return { go: "page", paymentId, url: created.paymentUrl };
  const { clientSecret } = created;
  if (clientSecret) return { go: "card", paymentId, clientSecret, attempt };
  return { go: "look", paymentId };
}
