import type { components } from "../generated";
import type { Call } from "../request";

type Schemas = components["schemas"];
export type Checkout = Schemas["CheckoutResponse"];
export type Contribution = Schemas["ContributionResponse"] & {
  /** It is one of a subscription. */
  is_recurring?: boolean;
};
export type Subscription = Schemas["SubscriptionResponse"];
export type Contributions = Schemas["ContributionsResponse"];
export type Badge = Schemas["BadgeResponse"];
export type Progress = Schemas["ProgressResponse"];
export type Wall = Schemas["WallResponse"];
export type Sponsorship = Schemas["SponsorshipResponse"];
export type Supporter = Schemas["SupporterResponse"];
export type SupporterChange = Schemas["SupporterRequest"];

/** In the guide's names; it is written in snake case. */
export interface NewContribution {
  amountCents: number;
  /** Absent: once. */
  interval?: "month" | undefined;
  isAnonymous: boolean;
  publicDisplayConsent: boolean;
  message?: string | undefined;
  key?: string | undefined;
}

/** Under the guide's names (`useBilling`). Amounts are whole cents. */
export function contributionRoutes(call: Call) {
  return {
    createCheckout: (contribution: NewContribution) =>
      call<Checkout>("POST", "/api/v1/contributions/checkout", {
        body: {
          amount_cents: contribution.amountCents,
          interval: contribution.interval,
          is_anonymous: contribution.isAnonymous,
          public_display_consent: contribution.publicDisplayConsent,
          message: contribution.message,
        },
        key: contribution.key,
      }),
    getContribution: (ulid: string) =>
      call<Contribution>("GET", `/api/v1/contributions/${encodeURIComponent(ulid)}`),
    changeContribution: (ulid: string, isAnonymous: boolean) =>
      call<unknown>("PATCH", `/api/v1/contributions/${encodeURIComponent(ulid)}`, {
        body: { is_anonymous: isAnonymous },
      }),
    getMyContributions: (page = 1, limit = 20) =>
      call<Contributions>("GET", "/api/v1/contributions/me", { query: { page, limit } }),
    /** The one that goes on, else the newest; 404 where there never was one. */
    getSubscription: () => call<Subscription>("GET", "/api/v1/contributions/me/subscription"),
    /** With the time that is paid for, or now. May be repeated; the answer says how it stands. */
    cancelSubscription: (atPeriodEnd = true) =>
      call<Subscription>("POST", "/api/v1/contributions/subscription/cancel", {
        body: { at_period_end: atPeriodEnd },
      }),
    /** The provider's page for the user's card and invoices, for a few minutes; 404: none for them. */
    getPortalUrl: async (provider = "stripe") => {
      const path = `/api/v1/${encodeURIComponent(provider)}/portal`;
      return (await call<Schemas["PortalResponse"]>("GET", path)).url;
    },
    getUserBadge: (tenantId: string, userId: string | number) =>
      call<Badge>(
        "GET",
        `/api/v1/supporters/${encodeURIComponent(tenantId)}/${encodeURIComponent(userId)}/badge`,
      ),
    getSupporters: (
      period: "month" | "all" = "all",
      cursor?: string,
      support?: "all" | "active" | "past",
    ) => call<Wall>("GET", "/api/v1/supporters", { query: { period, support, cursor } }),
    getProgress: () => call<Progress>("GET", "/api/v1/progress"),
    getSponsorship: () => call<Sponsorship>("GET", "/api/v1/sponsorship"),
    getSupporter: () => call<Supporter>("GET", "/api/v1/supporters/me"),
    updateSupporter: (change: SupporterChange) =>
      call<Supporter & { ignored?: string[] }>("PUT", "/api/v1/supporters/me", { body: change }),
  };
}
