// The errors that a backend meets.

import type { Answer } from "./answer.js";

/** The call is not made. `status`, `headers` and `body` are the answer for the caller; `code` is the body's. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON */
  readonly body: string;
  readonly code: string;

  constructor(answer: Answer) {
    super(`the call is refused: ${answer.code}`);
    this.status = answer.status;
    this.headers = answer.headers;
    this.body = answer.body;
    this.code = answer.code;
  }
}

/** `capture` has no answer: the core was silent, and the charge is made later (`kept`), or the core refused it. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";

  constructor(
    message: string,
    readonly kept: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
