import type { Decimal, Hold, Transaction } from "@billing/client";

/** The answers of `/api/admin/…`, which the gateway gives to administrators only. Amounts are text. */

export interface Account {
  user_id: string;
  email: string | null;
  balance_usd: Decimal;
  available_usd: Decimal;
  held_usd: Decimal;
  debt_usd: Decimal;
  suspended: boolean;
  billing_enabled: boolean;
  limits: { daily_usd: Decimal | null; monthly_usd: Decimal | null };
  usage: { today_usd: Decimal; month_usd: Decimal };
  total_spent_usd: Decimal;
  total_requests: number;
  last_request_at: string | null;
  /** Null where nothing was booked or set yet. */
  created_at: string | null;
}

export interface AccountInFull extends Account {
  time_zone: string;
  low_balance_threshold_usd: Decimal | null;
}

export const ACCOUNT_STATUSES = ["all", "active", "suspended", "in_debt", "disabled"] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

export interface AccountsPage {
  users: Account[];
  pagination: { limit: number; offset: number; count: number; next_before: string | null };
}

export const PAYMENT_STATUSES = [
  "created",
  "pending",
  "requires_action",
  "succeeded",
  "failed",
  "canceled",
  "expired",
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** A payment of one account, with what decides about a refund. */
export interface Payment {
  payment_id: string;
  provider: string;
  reference: string | null;
  status: PaymentStatus;
  currency: string;
  amount: Decimal;
  received: Decimal | null;
  refunded: Decimal;
  refund_requested: Decimal;
  disputed: Decimal;
  credited_usd: Decimal;
  reversed_usd: Decimal;
  needs_review: boolean;
  review_reason: string | null;
  created_at: string;
}

export interface AccountAnswer {
  user: AccountInFull;
  recent_transactions: Transaction[];
  payments: Payment[];
  holds: Hold[];
}

/** A payment of the tenant, as the list of all has it. */
export interface TenantPayment {
  user_id: string;
  /** `topup`, or `contribution`, which credits no account. */
  type: string;
  amount_usd: Decimal;
  amount: Decimal;
  currency: string;
  status: PaymentStatus;
  payment_provider: string;
  payment_id: string;
  needs_review: boolean;
  review_reason: string | null;
  refunded: Decimal;
  created_at: string;
}

/** An entry of one account, as the list of all of them has it. */
export interface Entry {
  id: string;
  type: string;
  amount_usd: Decimal;
  description: string | null;
  created_at: string;
}

export interface EntriesPage {
  transactions: Entry[];
  pagination: { limit: number; count: number; next_before: string | null };
}

export interface TenantPaymentsPage {
  transactions: TenantPayment[];
  pagination: { limit: number; count: number; next_before: string | null };
}

export interface Change {
  at: string;
  /** Null where it was not said, or is erased. So is the reason. */
  actor: string | null;
  action: string;
  user_id: string | null;
  reason: string | null;
  /** By name, each value as text; one that was not there is missing. */
  before: Record<string, string>;
  after: Record<string, string>;
}

export interface ChangesPage {
  changes: Change[];
  pagination: { limit: number; count: number; next_before: string | null };
}

export interface Overview {
  accounts: number;
  revenue_today_usd: Decimal;
  revenue_month_usd: Decimal;
  spent_today_usd: Decimal;
  spent_month_usd: Decimal;
  payments_in_review: number;
  undelivered_mail: number;
  as_of: string;
}

export interface RevenueOfDay {
  date: string;
  provider: string;
  currency: string;
  received: Decimal;
  refunded: Decimal;
  disputed: Decimal;
  credited_usd: Decimal;
  /** Received less what was given back, at each payment's own rate. */
  net_usd: Decimal;
}

export interface ToolCost {
  tool: string | null;
  spent_usd: Decimal;
  requests: number;
}

export interface UserCost {
  user_id: string;
  spent_usd: Decimal;
  requests: number;
}

/** The price that holds, or, before any does, the first that will. */
export interface ToolPrice {
  tool: string;
  free: boolean;
  free_calls_per_day: number;
  /** `price_usd` for each `per_units`. */
  units: { unit: string; price_usd: Decimal; per_units: number }[];
  /** For each call; null where only units cost something. */
  fixed_usd: Decimal | null;
  version: number;
  valid_from: string;
  /** It holds now. */
  is_active: boolean;
  /** Prices that begin later, the first one first. */
  planned: PlannedPrice[];
}

export interface PlannedPrice {
  version: number;
  per_call_usd: Decimal;
  valid_from: string;
}

export interface Mail {
  id: string;
  kind: string;
  user_id: string | null;
  /** The address without most of its letters; null where none is known any more. */
  recipient_hint: string | null;
  attempts: number;
  last_error: string | null;
  created_at: string;
  /** Null: it was given up. */
  next_attempt_at: string | null;
}

export interface MailPage {
  mail: Mail[];
  pagination: { limit: number; count: number; next_before: string | null };
}

export interface Switch {
  name: string;
  on: boolean;
  /** Of the last change; null where there was none. */
  reason: string | null;
  actor: string | null;
  changed_at: string | null;
}

export interface SwitchesAnswer {
  switches: Switch[];
  changes: Switch[];
}

export interface AdjustAnswer {
  entry_id: string;
  balance_before_usd: Decimal;
  balance_after_usd: Decimal;
  replayed: boolean;
}

export type RefundStatus = "requested" | "pending" | "succeeded" | "failed" | "canceled";

export interface RefundAnswer {
  refund: { status: RefundStatus; amount: Decimal; currency: string };
}
