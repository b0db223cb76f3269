/** What is wrong with one field of a request, in the service's words (English). */
export interface FieldProblem {
  field: string;
  message: string;
}

/** The service answered, and it is no success. `code` is stable; `message` is for people, in English. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: FieldProblem[] = [],
    /** Seconds after which it may be tried again. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** No answer came: no network, no service, or none within the time. It may still have been done. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor(
    message: string,
    options?: ErrorOptions,
    /** The time for an answer is over. */
    readonly isLate = false,
  ) {
    super(message, options);
  }
}

/** Whether the service is away, so that trying again later may help without any change. */
export function isAway(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && error.status >= 500);
}

/** The answer's problem (RFC 9457). What stands before the gateway answers with pages of its own. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): ApiError {
  const problem = isObject(body) ? body : {};
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  const fields = Array.isArray(problem["errors"]) ? problem["errors"].flatMap(fieldOf) : [];
  const seconds = retryAfter && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
  return new ApiError(
    status,
    text(problem["code"]) ?? `HTTP_${status}`,
    text(problem["message"]) ?? text(problem["title"]) ?? `the service answered ${status}`,
    fields,
    seconds,
  );
}

function fieldOf(value: unknown): FieldProblem[] {
  if (!isObject(value)) return [];
  const { field, message } = value;
  return typeof field === "string" && typeof message === "string" ? [{ field, message }] : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
