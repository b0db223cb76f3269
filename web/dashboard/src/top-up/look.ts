import { ApiError, type Client, type Payment, toMicros, type Transaction } from "@billing/client";

/** A payment, and where it stands in the history once the balance has it. */
export interface Looked {
  payment: Payment;
  entry: Transaction | undefined;
}

/**
 * `provider` is known where this browser began the payment. An address that was sent on, or Fondy's
 * way back, does not say it: then each provider is asked.
 */
export async function look(
  client: Client,
  paymentId: string,
  provider: string | undefined,
): Promise<Looked> {
  const payment = await find(client, paymentId, provider);
  return { payment, entry: await entryOf(client, payment) };
}

async function find(
  client: Client,
  paymentId: string,
  provider: string | undefined,
): Promise<Payment> {
  const names = provider
    ? [provider]
    : (await client.getProviders()).providers.map((known) => known.provider);
  let unknown: unknown = new ApiError(404, "NOT_FOUND", "no provider has this payment");
  for (const name of names) {
    try {
      return await client.getPaymentStatus(name, paymentId);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      unknown = error;
    }
  }
  throw unknown;
}

export function isUnknown(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** Only the history proves that the balance has it. */
async function entryOf(client: Client, payment: Payment): Promise<Transaction | undefined> {
  if (payment.status !== "succeeded" || toMicros(payment.credited_usd) <= 0n) return undefined;
  let before: string | null | undefined;
  do {
    const page = await client.getHistory({
      type: "topup",
      from: payment.created_at,
      limit: 500,
      before: before ?? undefined,
    });
    const entry = page.transactions.find((entry) => entry.payment_id === payment.payment_id);
    if (entry) return entry;
    before = page.pagination.next_before;
  } while (before);
  return undefined;
}
