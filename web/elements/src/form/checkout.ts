import { ask, Refusal } from "../gateway";
import type { ContributionFormData } from "./draft";

export interface Checkout {
  checkoutUrl: string;
  contributionUlid: string;
  status: string;
}

interface Answer {
  checkout_url: string;
  contribution_ulid: string;
  status: string;
}

/** The outcome is open: the same again must be the same contribution. */
function isOpen(error: unknown): boolean {
  return (
    error instanceof Refusal && (error.status === 0 || error.status === 429 || error.status > 499)
  );
}

/** Begins contributions; one whose answer was lost is begun again under its own key. */
export class Cashier {
  #open: { body: string; key: string } | undefined;

  async begin(
    base: string,
    tenant: string | null | undefined,
    token: string,
    data: ContributionFormData,
  ): Promise<Checkout> {
    const body = JSON.stringify(data);
    const key = this.#open?.body === body ? this.#open.key : freshKey();
    this.#open = { body, key };
    try {
      const answer = await ask<Answer>(base, "/contributions/checkout", {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Authorization: `Bearer ${token}`,
          "Idempotency-Key": key,
          ...(tenant ? { "X-Tenant-Id": tenant } : {}),
        },
        body,
      });
      this.#open = undefined;
      return checked(answer);
    } catch (error) {
      if (!isOpen(error)) this.#open = undefined;
      throw error;
    }
  }
}

function checked(answer: Answer): Checkout {
  // Paid or ended under a key whose first answer was lost: there is nothing to pay there.
  if (answer.status !== "pending") throw new Refusal("CONTRIBUTION_ENDED");
  if (!/^https?:\/\//.test(answer.checkout_url)) throw new Refusal("PAYMENT_PROVIDER_REFUSED");
  return {
    checkoutUrl: answer.checkout_url,
    contributionUlid: answer.contribution_ulid,
    status: answer.status,
  };
}

/** `randomUUID` is missing on pages without TLS. */
function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
