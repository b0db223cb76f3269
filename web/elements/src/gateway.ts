/** An answer that is none of those hoped for; `code` is the gateway's, or `UNREACHABLE`. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly code: string,
    message = "",
    /** Of HTTP; 0: no answer came. */
    readonly status = 0,
  ) {
    super(message);
  }
}

/** Asks the gateway at `base`, which may end in `/api/v1` or not; nothing is tried twice. */
export async function ask<Answer>(
  base: string,
  path: string,
  init: RequestInit = {},
): Promise<Answer> {
  let response: Response | undefined;
  let body: unknown;
  try {
    // Longer than the gateway waits itself, so that its own answer comes where there is one.
    const signal = AbortSignal.timeout(init.method ? 20_000 : 12_000);
    response = await fetch(root(base) + path, { ...init, signal });
    body = await response.json();
  } catch {
    throw new Refusal("UNREACHABLE", "no answer", response?.status);
  }
  if (response.ok) return body as Answer;
  const { code, message } = (body ?? {}) as { code?: string; message?: string };
  throw new Refusal(code ?? "UNREACHABLE", message, response.status);
}

function root(base: string): string {
  const trimmed = base.replace(/\/+$/, "");
  return /\/api\/v\d+$/.test(trimmed) ? trimmed : `${trimmed}/api/v1`;
}

/** The query of a read that says its tenant there: a header of ours would cost a preflight. */
export function query(parameters: Record<string, string | number | null | undefined>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") written.set(name, String(value));
  }
  const text = written.toString();
  return text && `?${text}`;
}
