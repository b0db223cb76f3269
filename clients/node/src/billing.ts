// The way to the core, and the decision about each call.

import {
  CALL_REPEATED,
  HOLD_ENDED,
  INVALID_KEY,
  KEY_REUSED,
  UNAUTHENTICATED,
  UNAVAILABLE,
  Unclear,
  denial,
} from "./answer.js";
import type { Answer, Decided } from "./answer.js";
import { Backlog } from "./backlog.js";
import type { BalanceClient } from "./core.js";
import { Core, CoreError, duration, isAnswer } from "./core.js";
import type { Cost, ExactCost } from "./cost.js";
import { NO_UNITS, costMessage, exactCost } from "./cost.js";
import type { Charged, KeptEnd, OnUnplaced } from "./end.js";
import { EndRefused, deliver } from "./end.js";
import { Decision, HoldState } from "./gen/billing/v1/balance_pb.js";
import type { PlaceHoldResponse } from "./gen/billing/v1/balance_pb.js";
import { Call } from "./hold.js";
import type { CallDetails, Passage, Till } from "./hold.js";
import { callersKey, freshKey, isValidKey } from "./key.js";
import { Log } from "./log.js";
import { Passing } from "./passing.js";
import { CaptureError, Refusal } from "./refusal.js";
import type { BillingOptions, Settings } from "./settings.js";
import { readSettings } from "./settings.js";
import { traceOf } from "./trace.js";

/** Who calls what, and how much it will take. */
export interface BeginOptions {
  /** Who pays, 1 to 255 bytes; null or undefined: nobody. */
  readonly user: string | null | undefined;
  /** The tool's name in the price list, 1 to 128 bytes. */
  readonly tool: string;
  /** Absent: no units. Exactly the units of the tool's price, or an amount above 0. */
  readonly estimate?: Cost | undefined;
  /** The caller's `Idempotency-Key`, as received: every value that was sent. Absent: a new call. */
  readonly key?: string | readonly string[] | undefined;
  /** The question that `key` counts for, as method, URL and body; needed where `key` is given. */
  readonly request?: readonly (string | Uint8Array)[] | undefined;
  /** The caller's `traceparent`. */
  readonly traceparent?: string | undefined;
}

type Asked = Omit<CallDetails, "passage">;

const CLOSE_WITHIN_MS = 10_000;
/** The longest timer: a longer one would fire at once. */
const TIMER_MOST_MS = 2 ** 31 - 1;
/** Denials that say nothing of a cost. */
const PRICELESS: ReadonlySet<Decision> = new Set([Decision.TOOL_NOT_PRICED, Decision.ACCOUNT_SUSPENDED]);
const NOBODY: Asked = { user: "", tool: "", key: "", trace: traceOf(undefined), estimate: NO_UNITS };

export class Billing {
  readonly #settings: Settings;
  readonly #core: Core;
  readonly #log: Log;
  readonly #backlog: Backlog;
  readonly #passing: Passing;
  readonly #till: Till;
  readonly #loading: Promise<void>;
  /** Whether the store was read. */
  #loaded = false;
  #calls = 0;
  #closing: Promise<number> | null = null;
  /** Called when no call and no end is left. */
  #onIdle: (() => void) | null = null;

  /** Connects with the first call. Throws {@link SettingError}. */
  constructor(options: BillingOptions = {}) {
    this.#settings = readSettings(options);
    this.#core = new Core(this.#settings);
    this.#log = new Log(options.logger ?? console);
    this.#passing = new Passing(this.#settings.allowUpToMicros);
    this.#backlog = new Backlog({
      max: this.#settings.backlogMax,
      log: this.#log,
      store: options.store ?? null,
      onLost: options.onLost ?? (() => {}),
      deliver: (end, onUnplaced) => this.#deliver(end, onUnplaced),
      onGone: (end) => this.#gone(end),
    });
    this.#till = this.#tillOfCalls();
    const loading = this.#backlog.load((end) => this.#passing.add(BigInt(end.passedMicros)));
    this.#loading = loading.then(() => {
      this.#loaded = true;
    });
  }

  /** All RPCs of the core's BalanceService, with the deadlines and repeats of this package. */
  get core(): BalanceClient {
    return this.#core.rpc;
  }

  /** The account of a user, for requests of {@link core}. */
  account(user: string): { tenantId: string; userId: string } {
    return { tenantId: this.#settings.tenant, userId: user };
  }

  /** How many ends are kept, since the core has not taken them yet. */
  get backlog(): number {
    return this.#backlog.size;
  }

  /** How many billed calls are under way; a call is until its end was delivered, kept or lost. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * Asks whether a call may be made, and holds what it will take. Rejects with {@link Refusal}, the answer to the
   * caller, where it may not, and with {@link CostError} where the estimate is not exact.
   */
  async begin(options: BeginOptions): Promise<Call> {
    const { user, tool } = options;
    if (user === null || user === undefined) return this.#withoutUser(tool);
    if (typeof user !== "string" || typeof tool !== "string") throw new TypeError("user and tool must be strings");
    const estimate = options.estimate === undefined ? NO_UNITS : exactCost(options.estimate, tool);
    if (options.key !== undefined && !isValidKey(options.key)) throw new Refusal(INVALID_KEY);
    const key = options.key === undefined ? freshKey() : callersKey(options.key, tool, options.request ?? []);
    if (this.#closing !== null) throw this.#unavailable(tool, "CLOSED", "billing is closed");
    const asked: Asked = { user, tool, key, trace: traceOf(options.traceparent), estimate };
    this.#calls += 1;
    try {
      return new Call(this.#till, { ...asked, passage: await this.#passage(asked, options.key === undefined) });
    } catch (error) {
      this.#callEnded();
      throw error;
    }
  }

  /** Begins a call, runs `work` and ends the call: well, or where `work` rejects, without a charge. */
  async run<T>(options: BeginOptions, work: (call: Call) => Promise<T> | T): Promise<T> {
    const call = await this.begin(options);
    try {
      const result = await work(call);
      void call.end();
      return result;
    } catch (error) {
      void call.abandon();
      throw error;
    }
  }

  /**
   * Takes no new calls, waits for those under way and for the backlog, at most so long, and gives up the connection.
   * Resolves with the number of ends that are left.
   */
  close(withinMs: number = CLOSE_WITHIN_MS): Promise<number> {
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  async #close(withinMs: number): Promise<number> {
    const within = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(withinMs, TIMER_MOST_MS));
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    void this.#loading.then(() => {
      this.#backlog.hurry();
      this.#tellIdle();
    });
    await within;
    this.#onIdle = null;
    this.#backlog.stop();
    this.#core.close();
    const left = this.#calls + this.#backlog.size;
    if (left > 0) this.#log.write("error", `billing: closed with ${left} ends left`);
    return left;
  }

  #withoutUser(tool: string): Call {
    if (this.#settings.withoutUser === "refuse") throw new Refusal(UNAUTHENTICATED);
    return new Call(this.#till, { ...NOBODY, tool, passage: { kind: "unbilled" } });
  }

  /** The core's decision, or the other choice where it gives none. Rejects with {@link Refusal}. */
  async #passage(asked: Asked, isNew: boolean): Promise<Passage> {
    const { user, tool, key, trace, estimate } = asked;
    const options = { deadlineMs: this.#settings.decisionDeadlineMs, traceparent: trace.traceparent };
    const account = this.account(user);
    const cost = costMessage(estimate, tool);
    try {
      // Most denials end here, having written nothing. A call that was made before must not be denied now for lack
      // of money: only the placement knows, by the key.
      if (isNew) this.#decide(await this.#core.rpc.checkBalance({ account, cost }, options), tool);
      const ttl = duration(this.#settings.holdTtlMs);
      const request = { account, idempotencyKey: key, cost, ttl, requestId: trace.traceId };
      return this.#placed(await this.#core.rpc.placeHold(request, options), tool);
    } catch (error) {
      return this.#undecided(error, tool, estimate);
    }
  }

  #placed(placed: PlaceHoldResponse, tool: string): Passage {
    this.#decide(placed, tool);
    const { hold } = placed;
    switch (hold?.state) {
      case HoldState.PLACED:
        return { kind: "hold", holdId: hold.holdId, captured: false };
      case HoldState.CAPTURED:
        if (this.#settings.repeats === "refuse") throw new Refusal(CALL_REPEATED);
        return { kind: "hold", holdId: hold.holdId, captured: true };
      case HoldState.RELEASED:
      case HoldState.EXPIRED:
        throw new Refusal(HOLD_ENDED);
      default:
        throw new Unclear("the core's answer lacks a hold in a state that this version knows");
    }
  }

  /** Throws {@link Refusal} for a denial. */
  #decide(decided: Decided, tool: string): void {
    const { topupUrl, unpriced } = this.#settings;
    const denied = denial(decided, topupUrl, unpriced);
    // Where nobody was asked for anything, nothing is known about the price.
    if (decided.billingEnabled && !PRICELESS.has(decided.decision)) this.#passing.learn(tool, decided.requiredMicros);
    if (denied === null) return;
    if (denied.code === "TOOL_NOT_PRICED") {
      this.#log.limited("error", tool, denied.code, "calls are refused, since the tool has no price");
    }
    throw new Refusal(denied);
  }

  /** Whatever is not a clear yes is a no, but for calls that may pass while the core is silent. */
  #undecided(error: unknown, tool: string, estimate: ExactCost): Passage {
    if (error instanceof Refusal) throw error;
    const answered = answerTo(error);
    if (answered !== null) throw new Refusal(answered);
    const code = error instanceof CoreError ? (error.reason ?? error.code) : "UNCLEAR";
    const why = error instanceof Error ? error.message : String(error);
    if (!(error instanceof CoreError) || isAnswer(error)) throw this.#unavailable(tool, code, why);
    // Until the store was read, nobody knows how much has passed before.
    const micros = this.#loaded ? this.#passing.pass(tool, estimate) : null;
    if (micros === null) throw this.#unavailable(tool, code, why);
    this.#log.limited("warn", tool, `PASSED ${code}`, `calls pass without a decision: ${why}`);
    return { kind: "open", micros };
  }

  #unavailable(tool: string, reason: string, why: string): Refusal {
    this.#log.limited("error", tool, reason, `calls are refused without a decision: ${why}`);
    return new Refusal(UNAVAILABLE);
  }

  #tillOfCalls(): Till {
    const deadlineMs = this.#settings.endingDeadlineMs;
    const ttl = duration(this.#settings.holdTtlMs);
    return {
      tenant: this.#settings.tenant,
      holdTtlMs: this.#settings.holdTtlMs,
      extend: async ({ user, traceparent }, holdId) => {
        await this.#core.rpc.extendHold({ account: this.account(user), holdId, ttl }, { deadlineMs, traceparent });
      },
      settle: async (end) => {
        await this.#settleNow(end).catch(() => null);
      },
      settleNow: (end) => this.#settleNow(end),
      ended: () => this.#callEnded(),
      unpass: (micros) => this.#passing.remove(micros),
      warn: (tool, reason, text) => this.#log.limited("warn", tool, reason, text),
    };
  }

  #deliver(end: KeptEnd, onUnplaced: OnUnplaced): Promise<Charged | null> {
    return deliver(end, { core: this.#core.rpc, deadlineMs: this.#settings.endingDeadlineMs, onUnplaced });
  }

  /** Delivers an end; one that gets no answer is kept, one that is refused is lost. Rejects with {@link CaptureError}. */
  async #settleNow(end: KeptEnd): Promise<Charged | null> {
    let kept = end;
    try {
      const charged = await this.#deliver(end, (unplaced) => {
        kept = unplaced;
      });
      this.#gone(end);
      return charged;
    } catch (cause) {
      if (cause instanceof EndRefused) {
        this.#backlog.lose(end, cause.message);
        throw new CaptureError(`the core refuses the charge: ${cause.message}`, false, { cause });
      }
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#log.limited("warn", end.tool, `KEPT ${end.kind}`, `a ${end.kind} is kept and sent again: ${why}`);
      this.#backlog.add(kept);
      throw new CaptureError("the core does not answer; the call is charged as soon as it does", true, { cause });
    }
  }

  #gone(end: KeptEnd): void {
    if (end.passedMicros !== "0") this.#passing.remove(BigInt(end.passedMicros));
    this.#tellIdle();
  }

  #callEnded(): void {
    this.#calls -= 1;
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#onIdle !== null && this.#calls === 0 && this.#backlog.size === 0) this.#onIdle();
  }
}

/** Refusals of the core's that are the caller's to act on. */
function answerTo(error: unknown): Answer | null {
  if (!(error instanceof CoreError)) return null;
  if (error.reason === "IDEMPOTENCY_KEY_REUSED") return KEY_REUSED;
  return error.reason === "HOLD_ENDED" ? HOLD_ENDED : null;
}
