// The parts of a guard that Express and Fastify share.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { BeginOptions, Billing } from "./billing.js";
import type { Cost } from "./cost.js";
import type { Call } from "./hold.js";

/** A value, or how to read it from a request. */
export type Of<R, T> = T | ((request: R) => T);

export interface GuardOptions<R> {
  /** The tool's name in the price list. */
  readonly tool: Of<R, string>;
  /** Who pays; null or undefined: nobody, and `withoutUser` says whether the call passes. */
  readonly user: (request: R) => string | null | undefined | Promise<string | null | undefined>;
  /** Absent: the tool is priced by the call alone. */
  readonly estimate?: Of<R, Cost> | undefined;
}

interface Question {
  /** The request as Node has it. */
  readonly raw: IncomingMessage;
  readonly method: string;
  readonly url: string;
  /** As parsed; undefined: it was not. */
  readonly body: unknown;
}

/** Asks for the call of a request. Rejects as `Billing.begin` does, and with what the options throw. */
export async function beginFor<R>(
  billing: Billing,
  options: GuardOptions<R>,
  request: R,
  question: Question,
): Promise<Call> {
  const { raw } = question;
  const user = await options.user(request);
  const key = raw.headers["idempotency-key"] === undefined ? undefined : sentKeys(raw);
  const traceparent = raw.headers["traceparent"];
  const begin: BeginOptions = {
    user,
    tool: valueOf(options.tool, request),
    estimate: options.estimate === undefined ? undefined : valueOf(options.estimate, request),
    key,
    request: key === undefined ? undefined : [question.method, question.url, bodyText(question.body)],
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
  };
  return billing.begin(begin);
}

/**
 * Ends a call with its response. It failed where the response ends with a status of 400 or above, or its connection
 * closes before the handler has ended the response.
 */
export function endWith(call: Call, request: IncomingMessage, response: ServerResponse): void {
  response.once("close", () => endAs(call, response));
  // A response that waits behind another one of its connection never closes where that connection breaks.
  call.watchBy(() => {
    if (request.socket?.destroyed) endAs(call, response);
  });
}

/** Ends a call by its response as it now is. */
export function endAs(call: Call, response: ServerResponse): void {
  void (response.writableEnded && response.statusCode < 400 ? call.end() : call.abandon());
}

/** Node joins repeated headers, so that they are counted apart; HTTP/2 and injected requests have no such list. */
function sentKeys(raw: Pick<IncomingMessage, "headers"> & Partial<IncomingMessage>): string | readonly string[] {
  return raw.headersDistinct?.["idempotency-key"] ?? (raw.headers["idempotency-key"] as string);
}

function valueOf<R, T>(option: Of<R, T>, request: R): T {
  return typeof option === "function" ? (option as (request: R) => T)(request) : option;
}

function bodyText(body: unknown): string | Uint8Array {
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  return body === undefined ? "" : (JSON.stringify(body) ?? "");
}
