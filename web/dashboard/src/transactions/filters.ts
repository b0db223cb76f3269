import type { TransactionType } from "@billing/client";

import { addDays, isDay } from "../usage/days";

export const KINDS: readonly TransactionType[] = ["charge", "topup", "refund", "adjustment"];

/** What is shown of the history; `from` and `to` are days of the account's zone, both included. */
export interface Filters {
  type?: TransactionType;
  tool?: string;
  from?: string;
  to?: string;
}

/** From the address, so that a link shows the same to whoever opens it; what cannot be read is left out. */
export function readFilters(params: URLSearchParams): Filters {
  const filters: Filters = {};
  const type = KINDS.find((kind) => kind === params.get("type"));
  if (type) filters.type = type;
  const tool = params.get("tool");
  if (tool) filters.tool = tool;
  const from = params.get("from");
  if (from && isDay(from)) filters.from = from;
  const to = params.get("to");
  if (to && isDay(to)) filters.to = to;
  return filters;
}

/** Other parameters of the address stay. */
export function writeFilters(filters: Filters, params: URLSearchParams): URLSearchParams {
  const written = new URLSearchParams(params);
  for (const name of ["type", "tool", "from", "to"] as const) {
    const value = filters[name];
    if (value) written.set(name, value);
    else written.delete(name);
  }
  return written;
}

/** As the gateway has it: there `to` is the first day that is not included. */
export function asked(filters: Filters): Filters {
  return filters.to ? { ...filters, to: addDays(filters.to, 1) } : filters;
}

export function isBackwards(filters: Filters): boolean {
  return Boolean(filters.from && filters.to && filters.from > filters.to);
}

export function isFiltered(filters: Filters): boolean {
  return Object.keys(filters).length > 0;
}
