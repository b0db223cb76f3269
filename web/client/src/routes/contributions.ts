import type { components } from "../generated";
import type { Call } from "../request";

type Schemas = components["schemas"];
export type Checkout = Schemas["CheckoutResponse"];
export type Contribution = Schemas["ContributionResponse"];
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
    getUserBadge: (tenantId: string, userId: string | number) =>
      call<Badge>(
        "GET",
        `/api/v1/supporters/${encodeURIComponent(tenantId)}/${encodeURIComponent(userId)}/badge`,
      ),
    getSupporters: (period: "month" | "all" = "all", cursor?: string) =>
      call<Wall>("GET", "/api/v1/supporters", { query: { period, cursor } }),
    getProgress: () => call<Progress>("GET", "/api/v1/progress"),
    getSponsorship: () => call<Sponsorship>("GET", "/api/v1/sponsorship"),
    getSupporter: () => call<Supporter>("GET", "/api/v1/supporters/me"),
    updateSupporter: (change: SupporterChange) =>
      call<Supporter & { ignored?: string[] }>("PUT", "/api/v1/supporters/me", { body: change }),
  };
}
