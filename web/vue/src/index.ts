export { type BillingConfig, createBilling } from "./billing";
export {
  BadgeDisplay,
  BadgeIcon,
  FundraiserForm,
  ProgressMeter,
  SupporterWall,
} from "./components";
export { type CheckoutData, useBilling } from "./use-billing";
export type {
  ContributionFormData,
  Draft,
  Level,
  Period,
  Support,
  Supporter,
  Supporters,
} from "@billing/elements";
