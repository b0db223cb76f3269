import type { Decimal } from "../money";
import type { Call, Open } from "../request";

export type TransactionType = "topup" | "charge" | "refund" | "adjustment";

export interface Transaction {
  id: string;
  user_id: string;
  type: TransactionType;
  /** Signed: a charge is negative. */
  amount_usd: Decimal;
  amount_uah: Decimal | null;
  balance_before_usd: Decimal;
  balance_after_usd: Decimal;
  tool: string | null;
  request_id: string | null;
  hold_id: string | null;
  price_version: string | number | null;
  payment_id: string | null;
  payment_provider: string | null;
  description: string | null;
  metadata: Record<string, string>;
  /** False: charged while an operator had switched enforcement off. */
  enforced: boolean;
  created_at: string;
}

export interface HistoryFilter {
  type?: TransactionType | undefined;
  tool?: string | undefined;
  /** Days of the account's zone or RFC 3339. */
  from?: string | undefined;
  to?: string | undefined;
}

export interface HistoryPage extends HistoryFilter {
  limit?: number | undefined;
  offset?: number | undefined;
  before?: string | undefined;
}

export interface Pagination {
  limit: number;
  count: number;
  /** `before` of the next page; null on the last. */
  next_before: string | null;
}

export interface HistoryResponse {
  transactions: Transaction[];
  pagination: Pagination & { offset: number };
}

/** An amount that is set aside for a call under way. */
export interface Hold {
  hold_id: string;
  tool: string | null;
  amount_usd: Decimal;
  created_at: string;
  expires_at: string;
  request_id: string | null;
  description: string | null;
}

export interface HoldsResponse {
  holds: Hold[];
  pagination: Pagination;
}

export function historyRoutes(call: Call, open: Open) {
  return {
    /** Newest first. */
    getHistory: (page: HistoryPage = {}) =>
      call<HistoryResponse>("GET", "/api/billing/history", { query: { ...page } }),
    /** All rows of a filter as a file, which is read while it arrives. */
    openHistoryCsv: (filter: HistoryFilter = {}, signal?: AbortSignal) =>
      open("/api/billing/history.csv", { query: { ...filter }, signal }),
    /** Those under way, newest first. */
    getHolds: (page: { limit?: number; before?: string | undefined } = {}) =>
      call<HoldsResponse>("GET", "/api/billing/holds", { query: { ...page } }),
  };
}
