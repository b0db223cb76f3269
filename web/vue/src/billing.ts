import { hasInjectionContext, inject, type InjectionKey, type Plugin } from "vue";

/** Where billing is, and who asks: the platform's own auth store stands behind `token` and `tenant`. */
export interface BillingConfig {
  /** The gateway's address, with or without `/api/v1`; `""` is the page's own. */
  base: string;
  /** The user's token at the moment; null: nobody is signed in. */
  token?: () => string | null | undefined;
  /** The tenant at the moment; absent: the gateway's default. */
  tenant?: () => string | null | undefined;
}

const BILLING: InjectionKey<BillingConfig> = Symbol("billing");

/** `app.use(createBilling({ base, token: () => auth.token, tenant: () => auth.tenantId }))` */
export function createBilling(config: BillingConfig): Plugin {
  return { install: (app) => app.provide(BILLING, config) };
}

/** The app's configuration, else `VITE_BILLING_API_URL` alone; undefined: components get their data by properties. */
export function billingConfig(): BillingConfig | undefined {
  const given = hasInjectionContext() ? inject(BILLING, undefined) : undefined;
  const base: unknown = import.meta.env.VITE_BILLING_API_URL;
  return given ?? (typeof base === "string" ? { base } : undefined);
}
