#!/usr/bin/env node
import type { Server } from "node:http";

import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";

import { Gateway } from "./gateway.js";
import { listen } from "./http.js";
import { log } from "./log.js";
import { createServer } from "./server.js";
import { readSettings, SettingError, USAGE, type Settings } from "./settings.js";

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args[0] === "--help") return void process.stderr.write(`${USAGE}\n`);
  const settings = readSettings(args, process.env);
  if (settings.transport === "http") return await serveHttp(settings);
  const server = createServer(new Gateway(settings.gatewayUrl, settings.token));
  server.server.onerror = (error) => log("protocol", error);
  await server.connect(new StdioServerTransport());
}

async function serveHttp(settings: Extract<Settings, { transport: "http" }>): Promise<void> {
  const server = await listen(settings);
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : settings.port;
  log(`listening on http://${settings.host}:${port}/mcp`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop(server));
}

/** Takes nothing new; what is under way ends by its own deadlines. */
function stop(server: Server): void {
  server.close();
  server.closeIdleConnections();
}

try {
  await main();
} catch (error) {
  if (error instanceof SettingError) process.stderr.write(`${error.message}\n`);
  else log("cannot start", error);
  process.exitCode = 1;
}
