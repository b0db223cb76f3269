/** What the gateway answers (docs/api.md), parsed at the edge: amounts are micros, counts are numbers. */
import { z } from "zod";

import { toMicros } from "./money.js";
import type { Price } from "./price.js";

const usd = z.string().transform((text, context) => {
  try {
    return toMicros(text);
  } catch {
    context.addIssue({ code: "custom", message: "no amount" });
    return z.NEVER;
  }
});
const count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

export const balanceAnswer = z.object({
  billing: z.object({
    balance_usd: usd,
    available_usd: usd,
    held_usd: usd,
    debt_usd: usd,
    low_balance: z.boolean(),
    limits: z.object({ daily_usd: usd.nullable(), monthly_usd: usd.nullable() }),
    limits_reset: z.object({ daily_at: z.string(), monthly_at: z.string() }),
    usage: z.object({ today_usd: usd, month_usd: usd }),
    billing_enabled: z.boolean(),
    suspended: z.boolean(),
    time_zone: z.string(),
  }),
  payments_paused: z.boolean(),
  payments_paused_reason: z.string().nullable(),
});
export type BalanceAnswer = z.infer<typeof balanceAnswer>;

const toolPrice = z
  .object({
    tool: z.string(),
    free: z.boolean(),
    free_calls_per_day: count,
    units: z.array(
      z.object({
        unit: z.string(),
        price_usd: usd,
        per_units: z
          .string()
          .regex(/^[1-9]\d*$/)
          .transform(BigInt),
      }),
    ),
    fixed_usd: usd.nullable(),
    version: count,
    valid_from: z.string(),
  })
  .transform((price): Price => ({
    tool: price.tool,
    free: price.free,
    freeCallsPerDay: price.free_calls_per_day,
    perCallMicros: price.fixed_usd ?? 0n,
    units: price.units.map((part) => ({
      unit: part.unit,
      amountMicros: part.price_usd,
      perUnits: part.per_units,
    })),
    version: price.version,
    validFrom: price.valid_from,
  }));
export const pricesAnswer = z.object({ tools: z.array(toolPrice) });

const spent = { spent_usd: usd, requests: count };

export const usageAnswer = z.object({
  usage: z.object({
    by_day: z.array(z.object({ date: z.string(), ...spent })),
    by_tool: z.array(z.object({ tool: z.string().nullable(), ...spent })),
    time_zone: z.string(),
  }),
});

export const chartAnswer = z.object({
  chart: z.array(z.object({ date: z.string(), ...spent })),
});

export const holdsAnswer = z.object({
  holds: z.array(
    z.object({
      hold_id: z.string(),
      tool: z.string().nullable(),
      amount_usd: usd,
      created_at: z.string(),
      expires_at: z.string(),
    }),
  ),
  pagination: z.object({ next_before: z.string().nullable() }),
});
