import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

import { balanceAnswer, type BalanceAnswer } from "../answers.js";
import { limitsOf, type Limit } from "../budget.js";
import type { Gateway } from "../gateway.js";
import { dollars, fromMicros } from "../money.js";
import { answer, NO_INPUT, READ_ONLY, time, usd } from "./tool.js";

const limit = z.object({
  limit_usd: usd.nullable().describe("Null: no limit"),
  used_usd: usd.describe("What counts against the limit, holds included"),
  left_usd: usd.nullable().describe("Null: no limit"),
  resets_at: time.describe("When used_usd begins at 0 again, RFC 3339"),
});
const shape = {
  day: limit,
  month: limit,
  time_zone: z.string().describe("IANA name of the zone of the day and the month"),
};

export function structuredLimits(balance: BalanceAnswer) {
  const { day, month } = limitsOf(balance);
  return {
    day: structuredLimit(day),
    month: structuredLimit(month),
    time_zone: balance.billing.time_zone,
  };
}

function structuredLimit({ limit, used, left, resetsAt }: Limit) {
  return {
    limit_usd: limit === null ? null : fromMicros(limit),
    used_usd: fromMicros(used),
    left_usd: left === null ? null : fromMicros(left),
    resets_at: resetsAt,
  };
}

export function limitsText(balance: BalanceAnswer): string {
  const { day, month } = limitsOf(balance);
  const line = (name: string, { limit, used, left, resetsAt }: Limit) => {
    const of =
      limit === null || left === null
        ? "no limit"
        : `limit ${dollars(limit)}, left ${dollars(left)}`;
    return `${name}: ${of}, used ${dollars(used)}, starts again at ${resetsAt}.`;
  };
  return [line("Day", day), line("Month", month)].join("\n");
}

export function registerLimits(server: McpServer, gateway: Gateway): void {
  server.registerTool(
    "get_limits",
    {
      title: "Limits",
      description:
        "The user's spending limits of the day and the month: limit, used, left, and when each starts again.",
      inputSchema: NO_INPUT,
      outputSchema: shape,
      annotations: READ_ONLY,
    },
    (_args, { signal }) =>
      answer(async () => {
        const balance = await gateway.read("/api/billing/balance", balanceAnswer, { signal });
        return { structured: structuredLimits(balance), text: limitsText(balance) };
      }),
  );
}
