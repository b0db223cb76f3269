// How a call ends: a capture, a release, or a charge, and how each is delivered to the core.

import type { BalanceClient } from "./core.js";
import { CoreError, isAnswer } from "./core.js";
import type { ExactCost } from "./cost.js";
import { costMessage } from "./cost.js";
import type { Balance } from "./gen/billing/v1/account_pb.js";
import { Decision, OveragePolicy } from "./gen/billing/v1/balance_pb.js";

/** An end that the core has not taken yet. All members are text or null, so that it can be written as JSON. */
export interface KeptEnd {
  /** Names this end, once. */
  readonly id: string;
  readonly kind: "capture" | "release" | "charge";
  readonly tenant: string;
  readonly user: string;
  readonly tool: string;
  /** The hold; null: the call passed without one. */
  readonly holdId: string | null;
  /** The call's key, without `:late` and `:open`. */
  readonly key: string;
  /** Micros, as decimal text; null: by quantities. */
  readonly amountMicros: string | null;
  /** Decimal text by unit; null: by amount. */
  readonly quantities: Readonly<Record<string, string>> | null;
  /** The trace id. */
  readonly requestId: string;
  readonly traceparent: string;
  /** How much of `allowUpToMicros` the call takes until it is charged, as decimal text. */
  readonly passedMicros: string;
}

/** Keeps ends where they outlive the process. Each function may be repeated for the same end. */
export interface EndStore {
  save(end: KeptEnd): Promise<void> | void;
  remove(id: string): Promise<void> | void;
  /** All that were saved and not removed; asked once, at start. */
  load(): Promise<readonly KeptEnd[]> | readonly KeptEnd[];
}

/** The charge of a call, and the balance after it, in micros. */
export interface Charged {
  readonly chargedMicros: bigint;
  readonly balanceMicros: bigint;
}

/** The core has answered that it does not take an end. */
export class EndRefused extends Error {
  override readonly name = "EndRefused";
}

interface Sending {
  readonly core: BalanceClient;
  readonly deadlineMs: number;
}

/**
 * Sends an end. Null for a release. Rejects with {@link EndRefused} where the core does not take it, and with
 * {@link CoreError} where it gives no answer: then the same end is to be sent again.
 */
export async function deliver(end: KeptEnd, sending: Sending): Promise<Charged | null> {
  try {
    if (end.kind === "capture") return await capture(end, sending);
    if (end.kind === "charge") return await charge(end, ":open", sending);
    return await release(end, sending);
  } catch (error) {
    if (error instanceof CoreError && !isRefusal(error)) throw error;
    if (error instanceof EndRefused) throw error;
    throw new EndRefused(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** A refused token says nothing of the end: with a valid one it may be taken. */
function isRefusal(error: CoreError): boolean {
  return isAnswer(error) && error.code !== "UNAUTHENTICATED" && error.code !== "PERMISSION_DENIED";
}

/** Captures; a call whose hold is lost is charged all the same, once. */
async function capture(end: KeptEnd, sending: Sending): Promise<Charged> {
  try {
    const captured = await sending.core.captureHold(
      {
        account: account(end),
        holdId: end.holdId ?? "",
        cost: costMessage(cost(end), end.tool),
        overagePolicy: OveragePolicy.ALLOW_DEBT,
        settleExpired: true,
      },
      options(end, sending),
    );
    return { chargedMicros: captured.chargedMicros, balanceMicros: settled(captured.balance) };
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    if (isCaptured(error)) return nothingMore(end, sending);
    if (error.reason === "HOLD_ENDED" || error.reason === "HOLD_NOT_FOUND") return charge(end, ":late", sending);
    throw error;
  }
}

async function release(end: KeptEnd, sending: Sending): Promise<null> {
  try {
    await sending.core.releaseHold({ account: account(end), holdId: end.holdId ?? "" }, options(end, sending));
  } catch (error) {
    // It holds nothing any more, or an earlier try of the same call has captured it.
    const gone = error instanceof CoreError && (error.reason === "HOLD_ENDED" || error.reason === "HOLD_NOT_FOUND");
    if (!gone) throw error;
  }
  return null;
}

async function charge(end: KeptEnd, suffix: ":late" | ":open", sending: Sending): Promise<Charged> {
  const exact = cost(end);
  // The core charges no amount of 0.
  if (exact.amount === 0n) return nothingMore(end, sending);
  try {
    const charged = await sending.core.charge(
      {
        account: account(end),
        idempotencyKey: `${end.key}${suffix}`,
        cost: costMessage(exact, end.tool),
        overagePolicy: OveragePolicy.ALLOW_DEBT,
        requestId: end.requestId,
      },
      options(end, sending),
    );
    if (charged.decision !== Decision.ALLOWED) {
      throw new EndRefused(`the charge was denied: ${Decision[charged.decision] ?? "by an unknown decision"}`);
    }
    return { chargedMicros: charged.chargedMicros, balanceMicros: settled(charged.balance) };
  } catch (error) {
    // A repeat of the call was charged before, with another report.
    if (error instanceof CoreError && error.reason === "IDEMPOTENCY_KEY_REUSED") return nothingMore(end, sending);
    throw error;
  }
}

/** The call was charged before, or costs nothing. */
async function nothingMore(end: KeptEnd, sending: Sending): Promise<Charged> {
  const { balance } = await sending.core.getBalance({ account: account(end) }, options(end, sending));
  return { chargedMicros: 0n, balanceMicros: settled(balance) };
}

function settled(balance: Balance | undefined): bigint {
  if (balance === undefined) throw new EndRefused("the core's answer lacks a balance");
  return balance.settledMicros;
}

function isCaptured(error: CoreError): boolean {
  return error.reason === "HOLD_ENDED" && error.metadata["state"] === "CAPTURED";
}

function account(end: KeptEnd): { tenantId: string; userId: string } {
  return { tenantId: end.tenant, userId: end.user };
}

function options(end: KeptEnd, sending: Sending): { deadlineMs: number; traceparent: string } {
  return { deadlineMs: sending.deadlineMs, traceparent: end.traceparent };
}

function cost(end: KeptEnd): ExactCost {
  if (end.amountMicros !== null) return { amount: BigInt(end.amountMicros), quantities: null };
  const quantities: Record<string, bigint> = Object.create(null);
  for (const [unit, count] of Object.entries(end.quantities ?? {})) quantities[unit] = BigInt(count);
  return { amount: null, quantities };
}
