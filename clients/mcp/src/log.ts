/** The log is stderr: stdout is the protocol's. No token and no answer is ever written. */

const QUIET_MS = 60_000;
const lastAt = new Map<string, number>();

export function log(message: string, error?: unknown): void {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`billing-mcp: ${message}${error === undefined ? "" : `: ${why}`}\n`);
}

/** For trouble that comes in crowds: once a minute for each `code`, with the causes. */
export function logSometimes(code: string, error: Error): void {
  const now = Date.now();
  if (now - (lastAt.get(code) ?? -QUIET_MS) < QUIET_MS) return;
  lastAt.set(code, now);
  log([error.message, ...causesOf(error)].join(": "));
}

function causesOf(error: Error): string[] {
  const { cause } = error;
  return cause instanceof Error ? [cause.message, ...causesOf(cause)] : [];
}
