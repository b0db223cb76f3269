import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

import { balanceAnswer, pricesAnswer, type BalanceAnswer } from "../answers.js";
import { limitsOf, verdict, type Verdict } from "../budget.js";
import { Failure } from "../failure.js";
import type { Gateway } from "../gateway.js";
import { dollars, fromMicros } from "../money.js";
import { costOf, PriceError, type Price } from "../price.js";
import { answer, READ_ONLY, time, usd, type Said } from "./tool.js";

const input = {
  tool: z.string().min(1).max(128).describe("The tool's name as list_prices has it"),
  quantities: z
    .record(z.string(), z.number().int().min(0))
    .optional()
    .describe("How much of each unit of the tool's price the call will take, whole numbers"),
};
const part = z.object({
  left_usd: usd.nullable().describe("Before the call; null: no limit"),
  short_usd: usd.describe("By how much too little is left; 0: enough"),
  remains_usd: usd.nullable().describe("After the call; null: no limit, or not enough is left"),
});
const shape = {
  tool: z.string(),
  price_version: z.number().int().nullable().describe("Null: the tool has no price"),
  cost_usd: usd.nullable().describe("Null: the tool has no price"),
  free_calls_per_day: z.number().int().describe("Where more than 0, the call may be free"),
  allowed: z
    .boolean()
    .describe("By balance and limits as they are now")
    .nullable()
    .describe("Null: it cannot be told from here"),
  reason: z
    .string()
    .describe("A stable code")
    .nullable()
    .describe("Why it is denied, or cannot be told; null: it is allowed"),
  balance: part,
  day: part,
  month: part,
  try_again_at: time
    .nullable()
    .describe("When the limit in the way starts again; null: waiting does not help"),
  note: z.string(),
};

const NOTE =
  "An estimate by the present price, balance and limits: only the hold, placed when the tool is called, decides.";
const FREE_CALLS =
  "Some calls of this tool are free each day; whether one is left only the hold tells. The figures are those without one.";

type Asked = { tool: string; quantities?: Record<string, number> | undefined };

export function estimate(prices: Price[], balance: BalanceAnswer, asked: Asked): Said {
  const price = prices.find(({ tool }) => tool === asked.tool);
  if (!price) return unpriced(prices, balance, asked.tool);
  const cost = costInMicros(price, asked.quantities ?? {});
  const found = verdict(balance, cost);
  // A free call would be allowed where the balance is not enough for a paid one.
  const mayBeFree = price.freeCallsPerDay > 0 && found.cost > 0n;
  const isOpen = mayBeFree && found.reason !== null && found.reason !== "ACCOUNT_SUSPENDED";
  const allowed = isOpen ? null : found.reason === null;
  const note = mayBeFree ? `${FREE_CALLS} ${NOTE}` : NOTE;
  const structured = {
    tool: asked.tool,
    price_version: price.version,
    cost_usd: fromMicros(found.cost),
    free_calls_per_day: price.freeCallsPerDay,
    allowed,
    reason: found.reason,
    ...parts(balance, found),
    try_again_at: found.tryAgainAt,
    note,
  };
  return {
    structured,
    text: [sentence(asked.tool, found, allowed), ...details(balance, found), note].join("\n"),
  };
}

/** Whether tools without a price are denied or free is the tenant's affair, and not said to users. */
function unpriced(prices: Price[], balance: BalanceAnswer, tool: string): Said {
  const found = verdict(balance, 0n);
  const denied = found.reason !== null;
  const isFree = !balance.billing.billing_enabled && !denied;
  const names = prices.slice(0, 20).map((price) => price.tool);
  const known =
    names.length > 0
      ? ` Tools with a price: ${names.join(", ")}${prices.length > 20 ? ", …" : ""}.`
      : "";
  const why = `${tool} has no price; most likely a call of it is denied until it has one.${known}`;
  const structured = {
    tool,
    price_version: null,
    cost_usd: isFree ? "0" : null,
    free_calls_per_day: 0,
    allowed: isFree ? true : denied ? false : null,
    reason: denied ? found.reason : isFree ? null : "TOOL_NOT_PRICED",
    ...parts(balance, found),
    try_again_at: null,
    note: NOTE,
  };
  const text = isFree ? `${tool} has no price, and calls of this account cost nothing.` : why;
  return {
    structured,
    text: `${denied ? "The account is suspended: every call is denied.\n" : ""}${text}\n${NOTE}`,
  };
}

function costInMicros(price: Price, quantities: Record<string, number>): bigint {
  const exact = Object.entries(quantities).map(([unit, many]): [string, bigint] => [
    unit,
    BigInt(many),
  ]);
  try {
    return costOf(price, new Map(exact));
  } catch (error) {
    if (error instanceof PriceError)
      throw new Failure("INVALID_QUANTITIES", error.message, { cause: error });
    throw error;
  }
}

function parts(balance: BalanceAnswer, { cost, short }: Verdict) {
  const { day, month } = limitsOf(balance);
  const of = (left: bigint | null, short: bigint) => ({
    left_usd: left === null ? null : fromMicros(left),
    short_usd: fromMicros(short),
    remains_usd: left === null || short > 0n ? null : fromMicros(left - cost),
  });
  return {
    balance: of(balance.billing.available_usd, short.available),
    day: of(day.left, short.day),
    month: of(month.left, short.month),
  };
}

const DENIED: Record<NonNullable<Verdict["reason"]>, string> = {
  ACCOUNT_SUSPENDED: "the account is suspended",
  INSUFFICIENT_BALANCE: "the balance is not enough; the user has to top up",
  DAILY_LIMIT_EXCEEDED: "the limit of the day is not enough",
  MONTHLY_LIMIT_EXCEEDED: "the limit of the month is not enough",
  COST_ABOVE_LIMIT:
    "it costs more than a whole limit, so no waiting helps; the user would have to raise the limit",
};

function sentence(
  tool: string,
  { cost, reason, tryAgainAt }: Verdict,
  allowed: boolean | null,
): string {
  const costs = `A call of ${tool} costs ${dollars(cost)}`;
  if (reason === null) return `${costs}, and would be allowed now.`;
  const why = `${DENIED[reason]}${tryAgainAt ? `, which starts again at ${tryAgainAt}` : ""}`;
  const is = allowed === null ? "would be allowed only as a free call" : "would be denied now";
  return `${costs}, and ${is}: ${why}.`;
}

function details(balance: BalanceAnswer, { cost, short }: Verdict): string[] {
  const { day, month } = limitsOf(balance);
  const line = (name: string, left: bigint | null, short: bigint) => {
    if (left === null) return `${name}: no limit.`;
    const after = short > 0n ? `${dollars(short)} too little` : `${dollars(left - cost)} remains`;
    return `${name}: ${dollars(left)} now, ${after}.`;
  };
  return [
    line("Balance", balance.billing.available_usd, short.available),
    line("Day", day.left, short.day),
    line("Month", month.left, short.month),
  ];
}

export function registerEstimate(server: McpServer, gateway: Gateway): void {
  server.registerTool(
    "estimate",
    {
      title: "Estimate",
      description:
        "How much a call of a tool would cost, whether balance and limits allow it now, by how much not, and what remains after it. Reads only: nothing is held or charged.",
      inputSchema: z.strictObject(input),
      outputSchema: shape,
      annotations: READ_ONLY,
    },
    (asked, { signal }) =>
      answer(async () => {
        const [{ tools }, balance] = await Promise.all([
          gateway.read("/api/billing/pricing-info", pricesAnswer, { signal }),
          gateway.read("/api/billing/balance", balanceAnswer, { signal }),
        ]);
        return estimate(tools, balance, asked);
      }),
  );
}
