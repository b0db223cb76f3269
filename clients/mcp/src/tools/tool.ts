/** What all tools have in common. */
import type { CallToolResult, ToolAnnotations } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

import { Failure } from "../failure.js";
import { failureText } from "../gateway.js";
import { log, logSometimes } from "../log.js";

/** Each of them reads, and that only. */
export const READ_ONLY: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Of a tool without arguments: one that is sent nevertheless is refused, not ignored. */
export const NO_INPUT = z.strictObject({});

/** An amount of an answer. */
export const usd = z.string().describe("US dollars, exact decimal text such as 24.65");
export const time = z.string().describe("RFC 3339, UTC");

/** An answer as programs read it, and as text. */
export interface Said {
  structured: Record<string, unknown>;
  text: string;
}

/** Runs a tool; whatever goes wrong is an error of the tool, which the agent reads. */
export async function answer(said: () => Promise<Said>): Promise<CallToolResult> {
  try {
    const { structured, text } = await said();
    return { content: [{ type: "text", text }], structuredContent: structured };
  } catch (error) {
    tellOperator(error);
    return { content: [{ type: "text", text: failureText(error) }], isError: true };
  }
}

/** An agent's own mistakes are not for the log; a gateway that is away or is none may be. */
export function tellOperator(error: unknown): void {
  if (!(error instanceof Failure)) log("a request failed", error);
  else if (error.isForOperator) logSometimes(error.code, error);
}
