import type { Decimal } from "../money";
import type { Call } from "../request";

export interface UsageOfDay {
  /** The account's local day. */
  date: string;
  spent_usd: Decimal;
  requests: number;
}

export interface UsageOfTool {
  /** Null: charges by amount. */
  tool: string | null;
  spent_usd: Decimal;
  requests: number;
}

export interface UsageResponse {
  usage: { by_day: UsageOfDay[]; by_tool: UsageOfTool[]; time_zone: string };
}

export interface UsageChart {
  days: number;
  time_zone: string;
  /** Every day, also those without use, oldest first. */
  chart: UsageOfDay[];
}

export type Period = "7d" | "30d" | "90d";

export interface Statistics {
  period: Period;
  from: string;
  to: string;
  time_zone: string;
  statistics: {
    spent_usd: Decimal;
    requests: number;
    average_usd: Decimal;
    topped_up_usd: Decimal;
    top_tools: UsageOfTool[];
  };
}

export interface ToolPrice {
  tool: string;
  free: boolean;
  units: { unit: string; price_usd: Decimal }[];
  fixed_usd: Decimal | null;
  valid_from: string;
}

export function usageRoutes(call: Call) {
  return {
    getUsage: (range: { from?: string | undefined; to?: string | undefined } = {}) =>
      call<UsageResponse>("GET", "/api/billing/usage", { query: { ...range } }),
    getUsageChart: (days = 30) =>
      call<UsageChart>("GET", "/api/billing/usage-chart", { query: { days } }),
    getStatistics: (period: Period) =>
      call<Statistics>("GET", "/api/billing/statistics", { query: { period } }),
    getPricing: () => call<{ tools: ToolPrice[] }>("GET", "/api/billing/pricing-info"),
  };
}
