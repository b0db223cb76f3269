import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

import { balanceAnswer, type BalanceAnswer } from "../answers.js";
import type { Gateway } from "../gateway.js";
import { dollars, fromMicros } from "../money.js";
import { answer, NO_INPUT, READ_ONLY, usd } from "./tool.js";

const shape = {
  available_usd: usd.describe(
    "Settled less held. Limits may allow less: see get_limits. Below 0: a debt",
  ),
  settled_usd: usd.describe("The sum of everything booked"),
  held_usd: usd.describe("Set aside for calls that are under way"),
  debt_usd: usd.describe("What the settled balance is below 0; else 0"),
  low: z.boolean().describe("The balance is below the user's own threshold for warnings"),
  payments_paused: z.boolean().describe("The user cannot top up at present"),
  payments_paused_reason: z.string().describe("In the operator's words, for the user").nullable(),
  suspended: z.boolean().describe("Every call is denied"),
  billing_enabled: z.boolean().describe("False: every call is allowed and costs nothing"),
};

export function structuredBalance({ billing, ...payments }: BalanceAnswer) {
  return {
    available_usd: fromMicros(billing.available_usd),
    settled_usd: fromMicros(billing.balance_usd),
    held_usd: fromMicros(billing.held_usd),
    debt_usd: fromMicros(billing.debt_usd),
    low: billing.low_balance,
    payments_paused: payments.payments_paused,
    payments_paused_reason: payments.payments_paused_reason,
    suspended: billing.suspended,
    billing_enabled: billing.billing_enabled,
  };
}

export function balanceText({ billing, ...payments }: BalanceAnswer): string {
  const settled = dollars(billing.balance_usd);
  const held = dollars(billing.held_usd);
  const lines = [
    `Available: ${dollars(billing.available_usd)} (settled ${settled}, held ${held}).`,
  ];
  if (billing.debt_usd > 0n) lines.push(`The account is in debt by ${dollars(billing.debt_usd)}.`);
  if (billing.low_balance) lines.push("The balance is low.");
  if (billing.suspended) lines.push("The account is suspended: every call is denied.");
  if (!billing.billing_enabled) lines.push("Billing is off for this account: calls cost nothing.");
  if (payments.payments_paused) {
    const why = payments.payments_paused_reason;
    lines.push(`The user cannot top up at present${why ? `: ${why}` : "."}`);
  }
  return lines.join("\n");
}

export function registerBalance(server: McpServer, gateway: Gateway): void {
  server.registerTool(
    "get_balance",
    {
      title: "Balance",
      description:
        "The user's balance: what is available, settled, held for calls under way, and owed. The limits, which may allow less than is available, are get_limits.",
      inputSchema: NO_INPUT,
      outputSchema: shape,
      annotations: READ_ONLY,
    },
    (_args, { signal }) =>
      answer(async () => {
        const balance = await gateway.read("/api/billing/balance", balanceAnswer, { signal });
        return { structured: structuredBalance(balance), text: balanceText(balance) };
      }),
  );
}
