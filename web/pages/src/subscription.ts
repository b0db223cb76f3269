import { ApiError, type Client, type Subscription } from "@billing/client";

/** `none`: there never was one. `away`: that cannot be known now. */
export type FoundSubscription = Subscription | "none" | "away";

export async function findSubscription(client: Client): Promise<FoundSubscription> {
  try {
    return await client.getSubscription();
  } catch (error) {
    return error instanceof ApiError && error.status === 404 ? "none" : "away";
  }
}

/** When the next payment is taken; null: never, or nobody can say, as while a failed one is tried again. */
export function nextPayment(subscription: Subscription): Date | null {
  const { status, current_period_end, cancel_at } = subscription;
  if (status !== "active" || current_period_end === null) return null;
  const next = new Date(current_period_end);
  return cancel_at !== null && new Date(cancel_at) <= next ? null : next;
}
