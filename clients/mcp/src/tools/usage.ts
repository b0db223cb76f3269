import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

import { chartAnswer, usageAnswer } from "../answers.js";
import { Failure } from "../failure.js";
import type { Gateway } from "../gateway.js";
import { dollars, fromMicros } from "../money.js";
import { answer, READ_ONLY, usd } from "./tool.js";

const moment = z.string().max(64);
const input = {
  days: z
    .number()
    .int()
    .min(1)
    .max(90)
    .optional()
    .describe("The last so many days of the account's time zone, today included: 30 unless said"),
  from: moment.optional().describe("Instead of days: a day (YYYY-MM-DD) or an RFC 3339 time"),
  to: moment.optional().describe("With from: not included; absent: up to now. At most 366 days"),
};
const spent = { spent_usd: usd, requests: z.number().int() };
const shape = {
  from: z.string().describe("The first day, or the time that was asked for"),
  to: z.string().describe("Not included").nullable().describe("Null: up to now"),
  time_zone: z.string().describe("IANA name of the zone of the days"),
  ...spent,
  by_tool: z.array(
    z.object({
      tool: z.string().describe("The tool's name").nullable().describe("Null: charged by amount"),
      ...spent,
    }),
  ),
  by_day: z
    .array(z.object({ date: z.string(), ...spent }))
    .describe("Days without a charge are left out"),
};

type Input = { days?: number | undefined; from?: string | undefined; to?: string | undefined };
type Spent = { spent_usd: bigint; requests: number };

const written = <T extends Spent>(row: T) => ({ ...row, spent_usd: fromMicros(row.spent_usd) });

async function usage(gateway: Gateway, asked: Input, signal: AbortSignal) {
  const from = asked.from ?? (await firstOfLast(gateway, asked.days ?? 30, signal));
  const query = { from, to: asked.to };
  const { usage } = await gateway.read("/api/billing/usage", usageAnswer, { query, signal });
  return { from, to: asked.to ?? null, ...usage };
}

/** The day with which the last `days` begin. Which day it is in the account's zone, the gateway says. */
async function firstOfLast(gateway: Gateway, days: number, signal: AbortSignal): Promise<string> {
  const query = { days: String(days) };
  const { chart } = await gateway.read("/api/billing/usage-chart", chartAnswer, { query, signal });
  const first = chart[0];
  if (!first) throw new Failure("ANSWER_UNREADABLE", "the gateway's chart has no day");
  return first.date;
}

function refuseAmbiguous({ days, from, to }: Input): void {
  if (days !== undefined && (from !== undefined || to !== undefined)) {
    throw new Failure("INVALID_REQUEST", "pass either days, or from and to");
  }
  if (to !== undefined && from === undefined) {
    throw new Failure("INVALID_REQUEST", "to needs from");
  }
}

export function registerUsage(server: McpServer, gateway: Gateway): void {
  server.registerTool(
    "get_usage",
    {
      title: "Usage",
      description:
        "How much the user has spent, by tool and by day: charges less refunds. Of the last days, or of a range.",
      inputSchema: z.strictObject(input),
      outputSchema: shape,
      annotations: READ_ONLY,
    },
    (asked, { signal }) =>
      answer(async () => {
        refuseAmbiguous(asked);
        const { from, to, by_tool, by_day, time_zone } = await usage(gateway, asked, signal);
        const spent = by_tool.reduce((sum, row) => sum + row.spent_usd, 0n);
        const requests = by_tool.reduce((sum, row) => sum + row.requests, 0);
        const structured = {
          from,
          to,
          time_zone,
          spent_usd: fromMicros(spent),
          requests,
          by_tool: by_tool.map(written),
          by_day: by_day.map(written),
        };
        const line = (name: string, row: Spent) =>
          `${name}: ${dollars(row.spent_usd)}, ${row.requests} requests`;
        const text = [
          line(`From ${from} to ${to ?? "now"} (${time_zone})`, { spent_usd: spent, requests }),
          ...by_tool.map((row) => line(row.tool ?? "(by amount)", row)),
          ...by_day.map((row) => line(row.date, row)),
        ].join("\n");
        return { structured, text };
      }),
  );
}
