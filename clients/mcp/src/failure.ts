/** Why a tool has no answer, in words for an agent. The text begins with a stable code. */

export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${message}`, options);
  }

  /** Whether it is the operator who has to do something. */
  get isForOperator(): boolean {
    return ["GATEWAY_AWAY", "ANSWER_UNREADABLE", "NOT_FOUND", "NO_TOKEN"].includes(this.code);
  }
}

/** The gateway's answer where it is no success: RFC 9457, or a page of whatever stands before it. */
export interface Problem {
  status: number;
  code: string | undefined;
  message: string | undefined;
  /** Whole seconds, from `Retry-After`. */
  retryAfterSecs: number | undefined;
  /** The gateway's name for the request, under which its log has it. */
  requestId: string | undefined;
}

/** `renewal` says how a new token reaches this server. */
export function failureOf(problem: Problem, renewal: string): Failure {
  const { status } = problem;
  const said = problem.message ?? `the gateway answered ${status}`;
  if (status === 401) {
    const what = "the user's token has expired or is not valid";
    return new Failure("UNAUTHENTICATED", `${what}. Ask the user to sign in again; ${renewal}`);
  }
  if (status === 429) {
    return new Failure(problem.code ?? "RATE_LIMITED", `too many requests. ${again(problem, 60)}`);
  }
  if (status === 502 || status === 503 || status === 504) {
    const what = "billing does not answer at present, so nothing can be said of the budget";
    return new Failure("BILLING_UNAVAILABLE", `${what}. ${again(problem, 5)}`);
  }
  if (status >= 500) {
    const named = problem.requestId ? ` (request ${problem.requestId})` : "";
    return new Failure(problem.code ?? "INTERNAL_ERROR", `billing failed${named}: ${said}`);
  }
  // Every path that is read here is there for every user: it is the address, or the tenant, that is not served.
  if (status === 404 && problem.code !== undefined) {
    const advice = "Ask the operator to look at BILLING_GATEWAY_URL, and at the user's tenant";
    return new Failure(problem.code, `${said}. ${advice}`);
  }
  if (status >= 400 && problem.code !== undefined) return new Failure(problem.code, said);
  return unreadable(`status ${status}`);
}

/** There was no answer at all, or none within the time. */
export function away(cause: unknown, lateAfterMs: number | undefined): Failure {
  const what =
    lateAfterMs === undefined
      ? "the billing gateway cannot be reached"
      : `the billing gateway did not answer within ${lateAfterMs / 1000} s`;
  const advice = "Try again in 5 s; until then take it that nothing may be spent";
  return new Failure("GATEWAY_AWAY", `${what}. ${advice}`, { cause });
}

/** What answered is no billing gateway, or another version of it. */
export function unreadable(why: string, cause?: unknown): Failure {
  const text = `the answer is not that of a billing gateway (${why}). Ask the operator to look at BILLING_GATEWAY_URL`;
  return new Failure("ANSWER_UNREADABLE", text, { cause });
}

function again(problem: Problem, otherwiseSecs: number): string {
  return `Try again in ${problem.retryAfterSecs ?? otherwiseSecs} s`;
}
