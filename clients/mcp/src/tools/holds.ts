import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

import { holdsAnswer } from "../answers.js";
import type { Gateway } from "../gateway.js";
import { dollars, fromMicros } from "../money.js";
import { answer, NO_INPUT, READ_ONLY, time, usd } from "./tool.js";

const MOST = 200;

const shape = {
  holds: z.array(
    z.object({
      hold_id: z.string(),
      tool: z.string().describe("The tool's name").nullable().describe("Null: held by amount"),
      amount_usd: usd,
      created_at: time,
      expires_at: time.describe("From then on nothing is set aside, unless it is extended"),
    }),
  ),
  more: z.boolean().describe(`There are more than these, the newest ${MOST}`),
};

export function registerHolds(server: McpServer, gateway: Gateway): void {
  server.registerTool(
    "list_holds",
    {
      title: "Holds",
      description:
        "The calls under way for which something of the balance is set aside now, newest first: why available is less than settled.",
      inputSchema: NO_INPUT,
      outputSchema: shape,
      annotations: READ_ONLY,
    },
    (_args, { signal }) =>
      answer(async () => {
        const query = { limit: String(MOST) };
        const found = await gateway.read("/api/billing/holds", holdsAnswer, { query, signal });
        const holds = found.holds.map((hold) => ({
          ...hold,
          amount_usd: fromMicros(hold.amount_usd),
        }));
        const lines = found.holds.map(
          (hold) =>
            `${hold.tool ?? "(by amount)"}: ${dollars(hold.amount_usd)}, until ${hold.expires_at}`,
        );
        const more = found.pagination.next_before !== null;
        const text = lines.join("\n") || "Nothing is held.";
        return { structured: { holds, more }, text };
      }),
  );
}
