// A call that may be made: its hold is extended while it works, and ended once.

import type { CoreError } from "./core.js";
import type { Cost, ExactCost } from "./cost.js";
import { exactCost, hasQuantities } from "./cost.js";
import { keptCost } from "./end.js";
import type { Charged, KeptEnd } from "./end.js";
import type { Trace } from "./trace.js";

/** How a call may be made: with a hold, without one while the core is silent, or without being billed. */
export type Passage =
  | { readonly kind: "hold"; readonly holdId: string; readonly captured: boolean }
  | { readonly kind: "open"; readonly micros: bigint }
  | { readonly kind: "unbilled" };

export interface CallDetails {
  readonly user: string;
  readonly tool: string;
  readonly key: string;
  readonly trace: Trace;
  readonly estimate: ExactCost;
  readonly passage: Passage;
}

/** The parts of {@link Billing} that a call needs. */
export interface Till {
  readonly tenant: string;
  /** Of a hold, in milliseconds. */
  readonly holdTtlMs: number;
  /** Rejects with {@link CoreError}. */
  extend(call: Call, holdId: string): Promise<void>;
  /** Delivers or keeps an end, and never rejects. */
  settle(end: KeptEnd): Promise<void>;
  /** Delivers an end now, or keeps it and rejects. */
  settleNow(end: KeptEnd): Promise<Charged | null>;
  /** A billed call has ended, and its end was delivered, kept or lost. */
  ended(): void;
  /** A call that passed without a hold has failed. */
  unpass(micros: bigint): void;
  warn(tool: string, reason: string, text: string): void;
}

/**
 * A call that may be made. End it by `end`, `abandon` or `capture`: the guards of this package do so. Until then its
 * hold is extended.
 */
export class Call {
  readonly #till: Till;
  readonly #details: CallDetails;
  #reported: ExactCost | null = null;
  #ended: "no" | "charged" | "released" = "no";
  #ending: Promise<void> | null = null;
  #capturing: Promise<Charged | null> | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #watch: (() => void) | null = null;
  /** Whether there is a hold to extend. */
  #extends: boolean;
  /** What of `allowUpToMicros` this call still has to give back. */
  #passed: bigint;

  /** Made by `Billing.begin`. */
  constructor(till: Till, details: CallDetails) {
    this.#till = till;
    this.#details = details;
    this.#passed = details.passage.kind === "open" ? details.passage.micros : 0n;
    this.#extends = details.passage.kind === "hold" && !details.passage.captured;
    if (this.billed) this.#beat();
  }

  /** False: nobody pays for this call. */
  get billed(): boolean {
    return this.#details.passage.kind !== "unbilled";
  }

  /** Empty where the call is not billed. */
  get user(): string {
    return this.#details.user;
  }

  get tool(): string {
    return this.#details.tool;
  }

  /** The trace id: under it the account's history has the call. */
  get requestId(): string {
    return this.#details.trace.traceId;
  }

  /** For requests that the call makes elsewhere. */
  get traceparent(): string {
    return this.#details.trace.traceparent;
  }

  /** Calls `watch` each third of the hold's ttl while the call is under way: it may end the call. */
  watchBy(watch: () => void): void {
    this.#watch = watch;
  }

  /** How much the call took. The last report holds. Throws {@link CostError} where it is not exact. */
  report(cost: Cost): void {
    this.#reported = exactCost(cost, this.tool);
  }

  /**
   * Charges what the call took: `cost`, else as reported, else as estimated. Repeated, it gives the first answer.
   * Null: the call is not billed. Rejects with {@link CostError}; and with {@link CaptureError} where the core does
   * not answer, and the charge is made later, or where the core refuses it.
   */
  capture(cost?: Cost): Promise<Charged | null> {
    const charged = this.#captureAs(cost);
    // A handler that does not await it must not end the process.
    charged.catch(() => {});
    return charged;
  }

  /** The call has ended well: charges it, unless `capture` did. Never rejects, and need not be awaited. */
  end(): Promise<void> {
    if (this.#ended !== "no") return this.#ending ?? Promise.resolve();
    if (this.billed && this.#reported === null && hasQuantities(this.#details.estimate)) {
      this.#till.warn(this.tool, "NOTHING_REPORTED", "nothing was reported, so calls are charged as estimated");
    }
    this.#stop("charged");
    this.#ending = this.#settle(this.billed ? this.#charge() : null);
    return this.#ending;
  }

  /** The call has failed: gives the hold back, unless `capture` charged it. Never rejects, and need not be awaited. */
  abandon(): Promise<void> {
    if (this.#ended !== "no") return this.#ending ?? Promise.resolve();
    this.#stop("released");
    const { passage } = this.#details;
    if (passage.kind === "open") this.#till.unpass(this.#takePassed());
    // A repeat of a call that was charged holds nothing.
    const holds = passage.kind === "hold" && !passage.captured;
    this.#ending = this.#settle(holds ? this.#endOf("release", passage.holdId) : null);
    return this.#ending;
  }

  async #captureAs(cost: Cost | undefined): Promise<Charged | null> {
    if (cost !== undefined) this.report(cost);
    if (!this.billed) return null;
    this.#capturing ??= this.#captureOnce();
    return this.#capturing;
  }

  async #settle(end: KeptEnd | null): Promise<void> {
    if (end !== null) await this.#till.settle(end);
    if (this.billed) this.#till.ended();
  }

  async #captureOnce(): Promise<Charged | null> {
    const first = this.#ended === "no";
    this.#stop("charged");
    try {
      return await this.#till.settleNow(this.#charge());
    } finally {
      if (first) this.#till.ended();
    }
  }

  #stop(ended: "charged" | "released"): void {
    this.#ended = ended;
    if (this.#heartbeat !== null) clearTimeout(this.#heartbeat);
    this.#heartbeat = null;
  }

  #charge(): KeptEnd {
    const { passage } = this.#details;
    return passage.kind === "hold" ? this.#endOf("capture", passage.holdId) : this.#endOf("charge", null);
  }

  #endOf(kind: KeptEnd["kind"], holdId: string | null): KeptEnd {
    const { user, tool, key, trace, estimate } = this.#details;
    return {
      id: holdId === null ? `${kind}:${user}:${key}` : `${kind}:${holdId}`,
      kind,
      tenant: this.#till.tenant,
      user,
      tool,
      holdId,
      key,
      ...keptCost(this.#reported ?? estimate),
      placement: kind === "charge" ? { ...keptCost(estimate), ttlMs: this.#till.holdTtlMs.toString() } : null,
      requestId: trace.traceId,
      traceparent: trace.traceparent,
      passedMicros: this.#takePassed().toString(),
    };
  }

  /** Once: an end that is sent twice gives back once. */
  #takePassed(): bigint {
    const passed = this.#passed;
    this.#passed = 0n;
    return passed;
  }

  /** One timer a call, without a closure of its own. */
  #beat(): void {
    this.#heartbeat = setTimeout(Call.#extend, this.#till.holdTtlMs / 3, this);
    this.#heartbeat.unref();
  }

  static #extend(this: void, call: Call): void {
    call.#watch?.();
    if (call.#ended !== "no") return;
    const { passage } = call.#details;
    if (passage.kind !== "hold" || !call.#extends) return call.#beat();
    call.#till.extend(call, passage.holdId).then(
      () => call.#extended(null),
      (error: CoreError) => call.#extended(error),
    );
  }

  #extended(error: CoreError | null): void {
    if (this.#ended !== "no") return;
    if (error !== null) {
      this.#till.warn(this.tool, `EXTEND ${error.code}`, `a hold was not extended: ${error.message}`);
      // Whatever became of it, the call is charged when it has ended.
      if (error.reason === "HOLD_ENDED" || error.reason === "HOLD_NOT_FOUND") this.#extends = false;
    }
    this.#beat();
  }
}
