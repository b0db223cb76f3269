/** The gateway's REST API, as far as it is read. This is the only place from which a request leaves. */
import { parse } from "lossless-json";
import type { z } from "zod";

import { away, Failure, failureOf, unreadable, type Problem } from "./failure.js";
import type { TokenSource } from "./token.js";

export const DEADLINE_MS = 10_000;

export interface ReadOptions {
  query?: Record<string, string | undefined>;
  /** Of who asked: ends the request with it. */
  signal?: AbortSignal | undefined;
}

export class Gateway {
  /** `url` is without a slash at its end. */
  constructor(
    private readonly url: string,
    private readonly token: TokenSource,
    private readonly deadlineMs = DEADLINE_MS,
  ) {}

  /** One `GET`. Fails with a `Failure`, whatever happens; may be repeated. */
  async read<T>(path: string, answer: z.ZodType<T>, options: ReadOptions = {}): Promise<T> {
    const token = await this.token.read();
    const late = AbortSignal.timeout(this.deadlineMs);
    const signal = options.signal ? AbortSignal.any([late, options.signal]) : late;
    let response: Response;
    let body: string;
    try {
      response = await fetch(this.url + path + queryOf(options.query), {
        method: "GET",
        headers: { Accept: "application/json", Authorization: `Bearer ${token}` },
        // The token is meant for this gateway alone.
        redirect: "manual",
        signal,
      });
      body = await response.text();
    } catch (cause) {
      if (options.signal?.aborted) throw new Failure("CANCELLED", "the call was cancelled");
      throw away(cause, late.aborted ? this.deadlineMs : undefined);
    }
    if (!response.ok) throw failureOf(problemOf(response, body), this.token.renewal);
    return understood(body, answer);
  }
}

/** Numbers stay the text that was sent: amounts are exact, and schemas say which numbers are counts. */
export function readJson(text: string): unknown {
  return parse(text, null, (digits) => digits);
}

function understood<T>(body: string, answer: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = readJson(body);
  } catch (cause) {
    throw unreadable("no JSON", cause);
  }
  const parsed = answer.safeParse(json);
  if (parsed.success) return parsed.data;
  const member = parsed.error.issues[0]?.path.join(".") ?? "";
  throw unreadable(`member ${member || "of all"}`, parsed.error);
}

function problemOf(response: Response, body: string): Problem {
  let json: unknown;
  try {
    json = readJson(body);
  } catch {
    json = null;
  }
  const members =
    json !== null && typeof json === "object" ? (json as Record<string, unknown>) : {};
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const after = response.headers.get("retry-after");
  return {
    status: response.status,
    code: text(members["code"]),
    message: text(members["message"]),
    retryAfterSecs: after !== null && /^\d{1,9}$/.test(after) ? Number(after) : undefined,
    requestId: response.headers.get("x-request-id") ?? undefined,
  };
}

function queryOf(query: ReadOptions["query"]): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) written.set(name, value);
  }
  const text = written.toString();
  return text && `?${text}`;
}

/** The text for an agent of whatever was thrown; what is not for agents is a fault of ours. */
export function failureText(error: unknown): string {
  if (error instanceof Failure) return error.message;
  return "INTERNAL_ERROR: billing-mcp failed; its log says why";
}
