import { readJson, writeJson } from "./json";
import { problemOf, Unreachable } from "./problem";

export interface ClientOptions {
  /** Where the gateway is: "" is where the page comes from. */
  base: string;
  /** The user's token, asked for at every call. */
  token: () => string | null;
  /** Sent as `X-Tenant-Id` where no token names the tenant. */
  tenant?: string | undefined;
  /** The token is not, or no longer, taken. */
  onUnauthorized?: (() => void) | undefined;
  /** For tests. */
  fetch?: typeof fetch | undefined;
}

export interface CallOptions {
  /** Absent, null and empty ones are left out. */
  query?: Record<string, string | number | null | undefined> | undefined;
  /** Written as JSON; `decimal` marks amounts. */
  body?: unknown;
  /** `Idempotency-Key`. */
  key?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** One call. Nothing is repeated here: who repeats what moves money needs a key. */
export type Call = <T>(method: string, path: string, options?: CallOptions) => Promise<T>;

/** One call whose answer is a file. */
export type Download = (path: string, options?: CallOptions) => Promise<Blob>;

/** One call whose answer is read while it arrives, however long it is. Whoever has it may cancel it. */
export type Open = (
  path: string,
  options?: CallOptions,
) => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;

/** The gateway itself waits 10 seconds for the longest sums that are read. */
const READ_WITHIN_MS = 12_000;
/** What changes something, or moves money: the gateway gives up before, and its own answer says more than silence. */
const CHANGE_WITHIN_MS = 20_000;
/** A long answer begins late. */
const BEGIN_WITHIN_MS = 30_000;
/** A file is made before it is sent, and may be long. */
const FILE_WITHIN_MS = 300_000;

export function createCall(options: ClientOptions): Call {
  return async <T>(method: string, path: string, call: CallOptions = {}): Promise<T> => {
    const text = (answer: Response) => answer.text();
    const within = method === "GET" ? READ_WITHIN_MS : CHANGE_WITHIN_MS;
    const body = await exchange(options, method, path, call, within, text);
    return (body === "" ? null : readJson(body)) as T;
  };
}

export function createDownload(options: ClientOptions): Download {
  return (path, call = {}) =>
    exchange(options, "GET", path, call, FILE_WITHIN_MS, (answer) => answer.blob());
}

export function createOpen(options: ClientOptions): Open {
  return async (path, call = {}) => {
    // Only until it begins: what follows has no time of its own.
    const body = await exchange(options, "GET", path, call, BEGIN_WITHIN_MS, (answer) =>
      Promise.resolve(answer.body),
    );
    if (!body) throw new Unreachable("the service's answer has no body");
    return body;
  };
}

async function exchange<B>(
  options: ClientOptions,
  method: string,
  path: string,
  call: CallOptions,
  withinMs: number,
  read: (answer: Response) => Promise<B>,
): Promise<B> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), withinMs);
  const stop = () => limit.abort();
  call.signal?.addEventListener("abort", stop, { once: true });
  if (call.signal?.aborted) stop();
  try {
    const send = options.fetch ?? fetch;
    const answer = await send(options.base + path + queryOf(call.query), {
      method,
      headers: headersOf(options, call),
      body: call.body === undefined ? null : writeJson(call.body),
      signal: limit.signal,
    });
    if (!answer.ok) {
      if (answer.status === 401) options.onUnauthorized?.();
      throw problemOf(answer.status, await bodyOf(answer), answer.headers.get("retry-after"));
    }
    return await read(answer);
  } catch (error) {
    // The caller itself no longer wants it: no fault of the service.
    if (call.signal?.aborted) throw error;
    const isLate = isAbort(error);
    if (error instanceof TypeError || isLate) {
      throw new Unreachable("the service does not answer", { cause: error }, isLate);
    }
    throw error;
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener("abort", stop);
  }
}

function headersOf(options: ClientOptions, call: CallOptions): Record<string, string> {
  const token = options.token();
  return {
    Accept: "application/json",
    ...(call.body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...(options.tenant ? { "X-Tenant-Id": options.tenant } : {}),
    ...(call.key ? { "Idempotency-Key": call.key } : {}),
  };
}

function queryOf(query: CallOptions["query"]): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") written.set(name, String(value));
  }
  const text = written.toString();
  return text && `?${text}`;
}

async function bodyOf(answer: Response): Promise<unknown> {
  try {
    return readJson(await answer.text());
  } catch {
    return null;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
