/** The MCP server: its tools and its resource, one line each. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";

import { balanceAnswer } from "./answers.js";
import { failureText, type Gateway } from "./gateway.js";
import { balanceText, registerBalance, structuredBalance } from "./tools/balance.js";
import { registerEstimate } from "./tools/estimate.js";
import { registerHolds } from "./tools/holds.js";
import { limitsText, registerLimits, structuredLimits } from "./tools/limits.js";
import { registerPrices } from "./tools/prices.js";
import { tellOperator } from "./tools/tool.js";
import { registerUsage } from "./tools/usage.js";

export const NAME = "billing-mcp";
export const VERSION = "0.1.0";

const INSTRUCTIONS = [
  "Reads the user's own budget; nothing here spends or changes anything.",
  "Before a tool that costs money, ask estimate. Amounts are exact decimal texts in US dollars: do not round them.",
  "An error of a tool says what helps; while billing does not answer, take it that nothing may be spent.",
].join(" ");

/** A server that reads by the gateway's token: of one process, or of one request. */
export function createServer(gateway: Gateway): McpServer {
  const server = new McpServer(
    { name: NAME, title: "Billing: the user's budget", version: VERSION },
    { instructions: INSTRUCTIONS },
  );
  registerBalance(server, gateway);
  registerLimits(server, gateway);
  registerPrices(server, gateway);
  registerUsage(server, gateway);
  registerEstimate(server, gateway);
  registerHolds(server, gateway);
  registerBudget(server, gateway);
  return server;
}

function registerBudget(server: McpServer, gateway: Gateway): void {
  const about = {
    title: "Budget",
    description: "The user's balance and limits at this moment",
    mimeType: "application/json",
  };
  server.registerResource("budget", "billing://budget", about, async (uri, { signal }) => {
    try {
      const balance = await gateway.read("/api/billing/balance", balanceAnswer, { signal });
      const budget = { balance: structuredBalance(balance), limits: structuredLimits(balance) };
      const summary = `${balanceText(balance)}\n${limitsText(balance)}`;
      const text = JSON.stringify({ ...budget, summary }, null, 2);
      return { contents: [{ uri: uri.href, mimeType: "application/json", text }] };
    } catch (error) {
      tellOperator(error);
      throw new McpError(ErrorCode.InternalError, failureText(error));
    }
  });
}
