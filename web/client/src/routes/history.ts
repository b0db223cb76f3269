import type { components } from "../generated";
import type { Call, Open } from "../request";

type Schemas = components["schemas"];
export type TransactionType = Schemas["TransactionType"];
export type Transaction = Schemas["Transaction"];
export type HistoryResponse = Schemas["HistoryResponse"];
/** An amount that is set aside for a call under way. */
export type Hold = Schemas["ShownHold"];
export type HoldsResponse = Schemas["HoldsResponse"];

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
