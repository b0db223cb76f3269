// Calls that pass while the core gives no decision, up to an amount.

import type { ExactCost } from "./cost.js";

/** Tools may be named by callers, so that their number is not bounded otherwise. */
const TOOLS_MAX = 10_000;

export class Passing {
  readonly #upTo: bigint;
  /** The most that the core has asked for a tool, in micros. */
  readonly #most = new Map<string, bigint>();
  /** What has passed and is not billed yet, in micros. */
  #passed = 0n;

  /** 0: no call passes. */
  constructor(upToMicros: bigint) {
    this.#upTo = upToMicros;
  }

  /** What the core asked for a call of a tool, in micros. */
  learn(tool: string, micros: bigint): void {
    if (this.#upTo === 0n) return;
    const most = this.#most.get(tool);
    if (most === undefined ? this.#most.size < TOOLS_MAX : micros > most) this.#most.set(tool, micros);
  }

  /** Lets a call pass: its cost in micros, which counts until `remove`. Null: it is too much, or unknown. */
  pass(tool: string, estimate: ExactCost): bigint | null {
    if (this.#upTo === 0n) return null;
    const micros = estimate.quantities === null ? estimate.amount : this.#most.get(tool);
    if (micros === undefined || this.#passed + micros > this.#upTo) return null;
    this.#passed += micros;
    return micros;
  }

  /** A kept end of an earlier process counts too. */
  add(micros: bigint): void {
    this.#passed += micros;
  }

  /** It is billed, or will not be. */
  remove(micros: bigint): void {
    this.#passed -= micros;
  }
}
