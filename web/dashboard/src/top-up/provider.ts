import type { Provider } from "@billing/client";

/** What a provider is paid in: each has one currency today, and the first counts. */
export function currencyOf(provider: Provider): string {
  return provider.currencies[0] ?? "USD";
}

/** Whether a browser can pay by it at all: in this page, or on the provider's. */
export function canPay({ publishable_key, hosted }: Provider): boolean {
  return hosted || publishable_key !== null;
}
