import { ask, query, Refusal } from "@billing/elements";
import type { components } from "@billing/client";
import { type BillingConfig, billingConfig } from "./billing";

type Schemas = components["schemas"];

export interface CheckoutData {
  amountCents: number;
  /** Absent: once. */
  interval?: "month";
  isAnonymous: boolean;
  publicDisplayConsent: boolean;
  message?: string;
  receiptEmail?: string;
  wordingVersion?: string;
}

/** The calls of the guide, in its shapes: members are the gateway's own, amounts whole cents. */
export function useBilling(config: BillingConfig | undefined = billingConfig()) {
  if (!config) {
    throw new Error("billing has no address: use createBilling({ base }) or VITE_BILLING_API_URL");
  }
  const { base } = config;
  const tenant = (): string | null => config.tenant?.() ?? null;

  function signedIn(): Record<string, string> {
    const token = config?.token?.();
    if (!token) throw new Refusal("UNAUTHENTICATED", "nobody is signed in");
    const of = tenant();
    return { Authorization: `Bearer ${token}`, ...(of ? { "X-Tenant-Id": of } : {}) };
  }

  const createCheckout = (data: CheckoutData): Promise<Schemas["CheckoutResponse"]> =>
    orRefuse("Failed to create checkout", () =>
      ask(base, "/contributions/checkout", {
        method: "POST",
        headers: { ...signedIn(), "Content-Type": "application/json" },
        body: JSON.stringify(data),
      }),
    );

  /** Without a token it tells totals for an hour after the payment; a token that has ended stands in no way. */
  const getContribution = (ulid: string): Promise<Schemas["ContributionResponse"]> =>
    orRefuse("Contribution not found", async () => {
      const path = `/contributions/${encodeURIComponent(ulid)}`;
      if (!config.token?.()) return ask(base, path + query({ tenant: tenant() }));
      try {
        return await ask(base, path, { headers: signedIn() });
      } catch (error) {
        if (!(error instanceof Refusal && error.code === "UNAUTHENTICATED")) throw error;
        return ask(base, path + query({ tenant: tenant() }));
      }
    });

  /** Null where there is none to show, also while billing is away. */
  const getUserBadge = async (
    tenantId: string,
    userId: number | string,
  ): Promise<Schemas["BadgeResponse"] | null> => {
    try {
      const of = `${encodeURIComponent(tenantId)}/${encodeURIComponent(String(userId))}`;
      return await ask(base, `/supporters/${of}/badge`);
    } catch {
      return null;
    }
  };

  const getMyContributions = (page = 1, limit = 20): Promise<Schemas["ContributionsResponse"]> =>
    orRefuse("Failed to fetch contributions", () =>
      ask(base, `/contributions/me${query({ page, limit })}`, { headers: signedIn() }),
    );

  /** The one that goes on, else the newest; null where there never was one. */
  const getSubscription = (): Promise<Schemas["SubscriptionResponse"] | null> =>
    orRefuse("Failed to fetch subscription", async () => {
      try {
        return await ask(base, "/contributions/me/subscription", { headers: signedIn() });
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) return null;
        throw error;
      }
    });

  /** With the time that is paid for, or now. May be repeated; the answer says how it stands. */
  const cancelSubscription = (atPeriodEnd = true): Promise<Schemas["SubscriptionResponse"]> =>
    orRefuse("Failed to cancel subscription", () =>
      ask(base, "/contributions/subscription/cancel", {
        method: "POST",
        headers: { ...signedIn(), "Content-Type": "application/json" },
        body: JSON.stringify({ atPeriodEnd }),
      }),
    );

  /** The provider's page for the user's card and invoices; it is for a few minutes. */
  const getPortalUrl = (provider = "stripe"): Promise<string> =>
    orRefuse("Failed to open billing portal", async () => {
      const path = `/${encodeURIComponent(provider)}/portal`;
      const portal = await ask<Schemas["PortalResponse"]>(base, path, { headers: signedIn() });
      return portal.url;
    });

  const getSupporters = (
    period: "month" | "all" = "all",
    page: { support?: "all" | "active" | "past"; limit?: number; cursor?: string } = {},
  ): Promise<Schemas["WallResponse"]> =>
    orRefuse("Failed to fetch supporters", () =>
      ask(base, `/supporters${query({ period, ...page, tenant: tenant() })}`),
    );

  const getProgress = (): Promise<Schemas["ProgressResponse"]> =>
    orRefuse("Failed to fetch progress", () =>
      ask(base, `/progress${query({ tenant: tenant() })}`),
    );

  return {
    createCheckout,
    getContribution,
    getUserBadge,
    getMyContributions,
    getSubscription,
    cancelSubscription,
    getPortalUrl,
    getSupporters,
    getProgress,
  };
}

/** The guide's message, and the gateway's code for whoever wants to know why. */
async function orRefuse<Answer>(message: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    const known = error instanceof Refusal ? error : new Refusal("UNREACHABLE", String(error));
    throw Object.assign(new Refusal(known.code, message, known.status), { cause: error });
  }
}
