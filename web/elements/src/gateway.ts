/** An answer that is none of those hoped for; `code` is the gateway's, or `UNREACHABLE`. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** What is said of single fields, by their names. */
    readonly fields: ReadonlyMap<string, string> = new Map(),
  ) {
    super(message);
    this.name = "Refusal";
  }
}

const LIMIT_MS = 30_000;

/** Asks the gateway at `base`, which may end in `/api/v1` or not; nothing is tried twice. */
export async function ask<Answer>(
  base: string,
  path: string,
  init: RequestInit = {},
): Promise<Answer> {
  let body: unknown = null;
  let isGood = false;
  try {
    const signal = init.signal ?? AbortSignal.timeout(LIMIT_MS);
    const response = await fetch(root(base) + path, { ...init, signal });
    isGood = response.ok;
    body = await response.json();
  } catch {
    throw new Refusal("UNREACHABLE", "the billing service cannot be reached");
  }
  if (isGood) return body as Answer;
  throw refusal(body);
}

function root(base: string): string {
  const trimmed = base.replace(/\/+$/, "");
  return /\/api\/v\d+$/.test(trimmed) ? trimmed : `${trimmed}/api/v1`;
}

/** The query of a read that says its tenant there: a header of ours would cost a preflight. */
export function query(parameters: Record<string, string | number | null | undefined>): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") text.set(name, String(value));
  }
  return text.size > 0 ? `?${text.toString()}` : "";
}

function refusal(body: unknown): Refusal {
  const problem = (body ?? {}) as {
    code?: unknown;
    message?: unknown;
    errors?: { field: string; message: string }[];
  };
  const fields = new Map((problem.errors ?? []).map(({ field, message }) => [field, message]));
  return new Refusal(String(problem.code ?? "UNREACHABLE"), String(problem.message ?? ""), fields);
}
