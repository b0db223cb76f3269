import type { components } from "../generated";
import { decimal } from "../json";
import type { Decimal } from "../money";
import type { Call } from "../request";

type Schemas = components["schemas"];
/** "stripe" and "fondy", unless the operator calls them otherwise. */
export type Provider = Schemas["AvailableProvider"];
export type ProvidersResponse = Schemas["AvailableProviders"];
export type PaymentStatus = Schemas["PaymentStatus"];
export type Payment = Schemas["ShownPayment"];
export type Refund = Schemas["ShownRefund"];
export type PaymentsResponse = Schemas["PaymentsResponse"];

/** Of what the browser goes on with, each provider has its own part. */
export type CreatedPayment = Omit<Schemas["CreatedPayment"], "protocol"> & {
  /** Stripe, in the page. Whoever has it can pay. */
  clientSecret?: string;
  paymentIntentId?: string;
  /** The provider's own page. */
  paymentUrl?: string;
  orderId?: string;
};

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
      call<Schemas["PaymentStatusResponse"]>(
        "GET",
        `/api/billing/payment/${encodeURIComponent(provider)}/${encodeURIComponent(paymentId)}/status`,
      ),
    listPayments: (page: { limit?: number; before?: string | undefined } = {}) =>
      call<PaymentsResponse>("GET", "/api/billing/payments", { query: { ...page } }),
  };
}
