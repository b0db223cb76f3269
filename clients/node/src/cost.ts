// How much a call takes: quantities by unit, or an amount.

import type { MessageInitShape } from "@bufbuild/protobuf";

import type { CostSchema } from "./gen/billing/v1/balance_pb.js";

/** How much of each unit of the tool's price: integers from 0 to 2^63 - 1; a `number` must be a safe integer. */
export type Quantities = Readonly<Record<string, bigint | number>>;

/** An amount in micros of a dollar: an integer from 0 to 2^63 - 1; a `number` must be a safe integer. */
export interface Amount {
  readonly amountMicros: bigint | number;
}

/**
 * Quantities by unit, or an amount: an object whose one member is `amountMicros` is an amount. A tool that is priced
 * by the call alone has no units: `{}`.
 */
export type Cost = Quantities | Amount;

/** A cost that was checked: the amount, or the quantities. */
export type ExactCost =
  | { readonly amount: bigint; readonly quantities: null }
  | { readonly amount: null; readonly quantities: Readonly<Record<string, bigint>> };

/** A cost that is not exact: not an object, or with a value that is no integer from 0 to 2^63 - 1. */
export class CostError extends Error {
  override readonly name = "CostError";
}

const MOST = 2n ** 63n - 1n;

/** The cost of a tool that is priced by the call alone. */
export const NO_UNITS: ExactCost = { amount: null, quantities: {} };

/** Checks a cost; throws {@link CostError}, which names the tool and the unit. */
export function exactCost(cost: unknown, tool: string): ExactCost {
  if (typeof cost !== "object" || cost === null || Array.isArray(cost)) {
    throw new CostError(`tool ${JSON.stringify(tool)}: a cost is an object of quantities, or { amountMicros }`);
  }
  const units = Object.keys(cost);
  if (units.length === 1 && units[0] === "amountMicros") {
    return { amount: exactInteger((cost as Amount).amountMicros, tool, "amountMicros"), quantities: null };
  }
  const quantities: Record<string, bigint> = Object.create(null);
  for (const unit of units) quantities[unit] = exactInteger((cost as Quantities)[unit], tool, unit);
  return { amount: null, quantities };
}

function exactInteger(value: unknown, tool: string, unit: string): bigint {
  const integer = typeof value === "bigint" ? value : Number.isSafeInteger(value) ? BigInt(value as number) : -1n;
  if (integer < 0n || integer > MOST) {
    const name = `tool ${JSON.stringify(tool)}: ${JSON.stringify(unit)}`;
    throw new CostError(`${name} must be an integer from 0 to 2^63 - 1, a bigint or a safe number`);
  }
  return integer;
}

/** The cost as the core reads it. */
export function costMessage(cost: ExactCost, tool: string): MessageInitShape<typeof CostSchema> {
  if (cost.quantities === null) return { cost: { case: "amountMicros", value: cost.amount } };
  return { cost: { case: "tool", value: { name: tool, quantities: cost.quantities } } };
}

/** Whether an estimate has quantities, so that a report was to be expected. */
export function hasQuantities(cost: ExactCost): boolean {
  if (cost.quantities === null) return false;
  for (const _unit in cost.quantities) return true;
  return false;
}
