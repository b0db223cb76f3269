import type { components } from "../generated";
import type { Call } from "../request";

type Schemas = components["schemas"];
export type UsageOfDay = Schemas["UsageOfDay"];
export type UsageOfTool = Schemas["UsageOfTool"];
export type UsageResponse = Schemas["UsageResponse"];
export type UsageChart = Schemas["UsageChartResponse"];
export type Statistics = Schemas["StatisticsResponse"];
export type ToolPrice = Schemas["ToolPrice"];
export type Period = "7d" | "30d" | "90d";

export function usageRoutes(call: Call) {
  return {
    getUsage: (range: { from?: string | undefined; to?: string | undefined } = {}) =>
      call<UsageResponse>("GET", "/api/billing/usage", { query: { ...range } }),
    getUsageChart: (days = 30) =>
      call<UsageChart>("GET", "/api/billing/usage-chart", { query: { days } }),
    getStatistics: (period: Period) =>
      call<Statistics>("GET", "/api/billing/statistics", { query: { period } }),
    getPricing: () => call<Schemas["PricingResponse"]>("GET", "/api/billing/pricing-info"),
  };
}
