// How a call ends: a capture, a release, or a charge, and how each is delivered to the core.

import type { BalanceClient } from "./core.js";
import { CoreError, duration, isAnswer } from "./core.js";
import type { ExactCost } from "./cost.js";
import { costMessage } from "./cost.js";
import type { Balance } from "./gen/billing/v1/account_pb.js";
import { Decision, HoldState, OveragePolicy } from "./gen/billing/v1/balance_pb.js";
import type { Hold } from "./gen/billing/v1/balance_pb.js";

/** A cost as text. One member is null. */
export interface KeptCost {
  /** Micros, as decimal text; null: by quantities. */
  readonly amountMicros: string | null;
  /** Decimal text by unit; null: by amount. */
  readonly quantities: Readonly<Record<string, string>> | null;
}

/** The placement of a call's hold: its estimate, and how long the hold lives. */
export interface KeptPlacement extends KeptCost {
  /** Milliseconds, as decimal text. */
  readonly ttlMs: string;
}

/** An end that the core has not taken yet: text, null, and objects of them, so that it can be written as JSON. */
export interface KeptEnd extends KeptCost {
  /** Names this end, once. */
  readonly id: string;
  /** A charge is the end of a call that passed without a decision. */
  readonly kind: "capture" | "release" | "charge";
  readonly tenant: string;
  readonly user: string;
  readonly tool: string;
  /** The hold; null: the call passed without one. */
  readonly holdId: string | null;
  /** The call's key, without `:late`. */
  readonly key: string;
  /** The placement that a charge begins with; null: there is none, or the core has denied or refused it. */
  readonly placement: KeptPlacement | null;
  /** The trace id. */
  readonly requestId: string;
  readonly traceparent: string;
  /** How much of `allowUpToMicros` the call takes until it is charged, as decimal text. */
  readonly passedMicros: string;
}

/** Keeps ends where they outlive the process. Each function may be repeated for the same end. */
export interface EndStore {
  /** Keeps an end by its id. An end that is there with that id is replaced. */
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

/** Told where the core does not place a hold for a charge: from then on `end` is the one to send. */
export type OnUnplaced = (end: KeptEnd) => Promise<void> | void;

interface Sending {
  readonly core: BalanceClient;
  /** Of each request, in milliseconds. */
  readonly deadlineMs: number;
  readonly onUnplaced: OnUnplaced;
}

/**
 * Sends an end. Null for a release. Rejects with {@link EndRefused} where the core does not take it, and with
 * {@link CoreError} where it gives no answer: then the end is to be sent again, the one of `onUnplaced` if it was told.
 */
export async function deliver(end: KeptEnd, sending: Sending): Promise<Charged | null> {
  try {
    switch (end.kind) {
      case "capture":
        return await capture(end, end.holdId ?? "", sending);
      case "charge":
        return await settleOpen(end, sending);
      case "release":
        return await release(end, sending);
      default:
        throw new EndRefused(`an end of the kind ${JSON.stringify(end.kind)} is not known`);
    }
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

/**
 * Charges a call that passed without a decision. Its placement tells by the call's key whether the call was charged
 * before; where the core does not place it, the call is charged without a hold, by that key: a later repeat is told
 * that the key is used.
 */
async function settleOpen(end: KeptEnd, sending: Sending): Promise<Charged> {
  if (!end.placement) return charge(end, "", sending);
  const hold = await place(end, end.placement, sending);
  if (hold === null) {
    // Were it placed again after a charge whose answer is lost, it might be allowed meanwhile, and charged once more.
    const unplaced: KeptEnd = { ...end, placement: null };
    await sending.onUnplaced(unplaced);
    return charge(unplaced, "", sending);
  }
  if (hold.state === HoldState.CAPTURED) return nothingMore(end, sending);
  return capture(end, hold.holdId, sending);
}

/** The hold of the call's key, also one that has ended; null: the core denies or refuses it. */
async function place(end: KeptEnd, placement: KeptPlacement, sending: Sending): Promise<Hold | null> {
  try {
    const placed = await sending.core.placeHold(
      {
        account: account(end),
        idempotencyKey: end.key,
        cost: costMessage(exact(placement), end.tool),
        // The core compares it, as it does the cost: with another one, the key would belong to another call.
        ttl: duration(Number(placement.ttlMs)),
        requestId: end.requestId,
      },
      options(end, sending),
    );
    return placed.decision === Decision.ALLOWED ? (placed.hold ?? null) : null;
  } catch (error) {
    if (error instanceof CoreError && isRefusal(error)) return null;
    throw error;
  }
}

/** Captures; a call whose hold is lost is charged all the same, once. */
async function capture(end: KeptEnd, holdId: string, sending: Sending): Promise<Charged> {
  try {
    const captured = await sending.core.captureHold(
      {
        account: account(end),
        holdId,
        cost: costMessage(exact(end), end.tool),
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

async function charge(end: KeptEnd, suffix: ":late" | "", sending: Sending): Promise<Charged> {
  const cost = exact(end);
  // The core charges no amount of 0.
  if (cost.amount === 0n) return nothingMore(end, sending);
  try {
    const charged = await sending.core.charge(
      {
        account: account(end),
        idempotencyKey: `${end.key}${suffix}`,
        cost: costMessage(cost, end.tool),
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

/** As text. */
export function keptCost(cost: ExactCost): KeptCost {
  if (cost.quantities === null) return { amountMicros: cost.amount.toString(), quantities: null };
  const quantities: Record<string, string> = Object.create(null);
  for (const unit in cost.quantities) quantities[unit] = String(cost.quantities[unit]);
  return { amountMicros: null, quantities };
}

function exact(kept: KeptCost): ExactCost {
  if (kept.amountMicros !== null) return { amount: BigInt(kept.amountMicros), quantities: null };
  const quantities: Record<string, bigint> = Object.create(null);
  for (const [unit, count] of Object.entries(kept.quantities ?? {})) quantities[unit] = BigInt(count);
  return { amount: null, quantities };
}
