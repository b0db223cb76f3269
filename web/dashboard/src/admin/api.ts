import type { components } from "@billing/client";

/** The answers of `/api/admin/…` as the gateway documents them. Amounts are text. */

type Schemas = components["schemas"];

export type Account = Schemas["AdminUser"];
export type AccountInFull = Schemas["AdminUserDetails"];
export type AccountAnswer = Schemas["AdminUserResponse"];
export type AccountsPage = Schemas["AdminUsersResponse"];
export type Payment = Schemas["AdminPayment"];
export type PaymentStatus = Schemas["PaymentStatus"];
export type Entry = Schemas["AdminTransaction"];
export type EntriesPage = Schemas["AdminTransactionsResponse"];
export type Change = Schemas["Change"];
export type ChangesPage = Schemas["ChangesResponse"];
export type Overview = Schemas["Overview"];
export type RevenueOfDay = Schemas["RevenueOfDay"];
export type ToolCost = Schemas["UsageOfTool"];
export type UserCost = Schemas["UsageOfUser"];
export type ToolPrice = Schemas["PricedTool"];
export type Message = Schemas["SupportersMessage"];
export type MessagesAnswer = Schemas["MessagesResponse"];
export type Mail = Schemas["Undelivered"];
export type MailPage = Schemas["UndeliveredMailResponse"];
export type Switch = Schemas["ShownSwitch"];
export type SwitchesAnswer = Schemas["SwitchesResponse"];
export type AdjustAnswer = Schemas["AdjustedBalance"];
export type RefundAnswer = Schemas["AdminRefundResponse"];

/** A payment of the tenant: what only entries of a user leave out is there. */
export type TenantPayment = Entry & {
  amount: string;
  currency: string;
  status: PaymentStatus;
  payment_provider: string;
  payment_id: string;
  refunded: string;
};

export interface TenantPaymentsPage extends EntriesPage {
  transactions: TenantPayment[];
}

export const ACCOUNT_STATUSES = ["all", "active", "suspended", "in_debt", "disabled"] as const;

export const PAYMENT_STATUSES = [
  "created",
  "pending",
  "requires_action",
  "succeeded",
  "failed",
  "canceled",
  "expired",
] as const satisfies readonly PaymentStatus[];
