import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

import { pricesAnswer } from "../answers.js";
import type { Gateway } from "../gateway.js";
import { dollars, fromMicros } from "../money.js";
import type { Price } from "../price.js";
import { answer, READ_ONLY, time, usd } from "./tool.js";

const input = {
  name_contains: z
    .string()
    .max(128)
    .optional()
    .describe("Only tools whose name contains this text"),
};
const shape = {
  prices: z.array(
    z.object({
      tool: z.string(),
      free: z.boolean().describe("It costs nothing"),
      free_calls_per_day: z.number().int().describe("So many calls of a day cost nothing"),
      per_call_usd: usd,
      units: z
        .array(z.object({ unit: z.string(), price_usd: usd, per_units: z.string() }))
        .describe("price_usd for each per_units of the unit, beside per_call_usd"),
      version: z.number().int(),
      valid_from: time,
    }),
  ),
};

function structuredPrice(price: Price) {
  return {
    tool: price.tool,
    free: price.free,
    free_calls_per_day: price.freeCallsPerDay,
    per_call_usd: fromMicros(price.perCallMicros),
    units: price.units.map((part) => ({
      unit: part.unit,
      price_usd: fromMicros(part.amountMicros),
      per_units: part.perUnits.toString(),
    })),
    version: price.version,
    valid_from: price.validFrom,
  };
}

export function priceText(price: Price): string {
  const units = price.units.map(
    (part) => `${dollars(part.amountMicros)} for each ${part.perUnits} ${part.unit}`,
  );
  const perCall = price.perCallMicros > 0n || units.length === 0;
  const parts = perCall ? [`${dollars(price.perCallMicros)} a call`, ...units] : units;
  const cost = price.free ? "free" : parts.join(" + ");
  const free = price.freeCallsPerDay > 0 ? `; ${price.freeCallsPerDay} calls a day are free` : "";
  // A free tool is still called with its units.
  const asks =
    price.free && units.length > 0
      ? `; units ${price.units.map((part) => part.unit).join(", ")}`
      : "";
  return `${price.tool}: ${cost}${free}${asks}`;
}

export function registerPrices(server: McpServer, gateway: Gateway): void {
  server.registerTool(
    "list_prices",
    {
      title: "Prices",
      description:
        "How much each tool costs at present. A call costs per_call_usd and its units together, rounded up once to a millionth of a dollar.",
      inputSchema: z.strictObject(input),
      outputSchema: shape,
      annotations: READ_ONLY,
    },
    ({ name_contains: part = "" }, { signal }) =>
      answer(async () => {
        const { tools } = await gateway.read("/api/billing/pricing-info", pricesAnswer, { signal });
        const prices = tools.filter((price) => price.tool.includes(part));
        const text = prices.map(priceText).join("\n");
        return {
          structured: { prices: prices.map(structuredPrice) },
          text: text || "No such tool has a price.",
        };
      }),
  );
}
