import { decimal } from "../json";
import type { Decimal } from "../money";
import type { Call } from "../request";

export interface Provider {
  /** "stripe" and "fondy", unless the operator calls them otherwise. */
  provider: string;
  /** What it speaks, whatever it is called: "stripe" or "fondy". */
  protocol: string;
  currencies: string[];
  min_amount: Decimal;
  max_amount: Decimal;
  presets: Decimal[];
  /** By which the card form is loaded into the page; null: it cannot be. */
  publishable_key: string | null;
  /** Whether it can be paid on the provider's own page. */
  hosted: boolean;
}

export interface ProvidersResponse {
  providers: Provider[];
  payments_paused: boolean;
  /** The operator's text for payers; null where payments begin. */
  payments_paused_reason: string | null;
}

export type PaymentStatus =
  "created" | "pending" | "requires_action" | "succeeded" | "failed" | "canceled" | "expired";

export interface CreatedPayment {
  payment_id: string;
  status: PaymentStatus;
  amount: Decimal;
  currency: string;
  /** Stripe, in the page. Whoever has it can pay. */
  clientSecret?: string;
  paymentIntentId?: string;
  /** The provider's own page. */
  paymentUrl?: string;
  orderId?: string;
}

export interface Payment {
  payment_id: string;
  provider: string;
  reference: string | null;
  status: PaymentStatus;
  amount: Decimal;
  currency: string;
  received: Decimal | null;
  refunded: Decimal;
  refund_requested: Decimal;
  disputed: Decimal;
  /** Credited to the balance so far. */
  credited_usd: Decimal;
  reversed_usd: Decimal;
  /** For the payer; null where there is nothing to say. */
  message: string | null;
  created_at: string;
  succeeded_at: string | null;
}

export interface Refund {
  refund_id: string;
  amount: Decimal;
  status: "requested" | "pending" | "succeeded" | "failed" | "canceled";
  created_at: string;
}

export interface PaymentsResponse {
  payments: Payment[];
  pagination: { limit: number; count: number; next_before: string | null };
}

export interface NewPayment {
  /** The same key and amount are the same payment. */
  key?: string | undefined;
  /** True: on the provider's page. */
  hosted?: boolean | undefined;
  return_url?: string | undefined;
}

export function paymentRoutes(call: Call) {
  const createPayment = (
    provider: string,
    currency: string,
    amount: Decimal,
    { key, hosted, return_url }: NewPayment = {},
  ) =>
    call<CreatedPayment>("POST", `/api/billing/payment/${encodeURIComponent(provider)}/create`, {
      body: { [`amount_${currency.toLowerCase()}`]: decimal(amount), hosted, return_url },
      key,
    });
  return {
    getProviders: () => call<ProvidersResponse>("GET", "/api/billing/payment/available-providers"),
    /** By any provider, in the currency that it is paid in. */
    createPayment,
    createStripePayment: (amountUsd: Decimal, payment: NewPayment = {}) =>
      createPayment("stripe", "USD", amountUsd, payment),
    createFondyPayment: (amountUah: Decimal, { key, return_url }: NewPayment = {}) =>
      createPayment("fondy", "UAH", amountUah, { key, return_url }),
    getPaymentStatus: (provider: string, paymentId: string) =>
      call<Payment & { refunds: Refund[] }>(
        "GET",
        `/api/billing/payment/${encodeURIComponent(provider)}/${encodeURIComponent(paymentId)}/status`,
      ),
    listPayments: (page: { limit?: number; before?: string | undefined } = {}) =>
      call<PaymentsResponse>("GET", "/api/billing/payments", { query: { ...page } }),
  };
}
