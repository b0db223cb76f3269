/** How much a call costs under the present price of its tool: the rule of billing-core/src/price/cost.rs. */

/** The price of one unit: `amountMicros` for each `perUnits`. */
export interface UnitPrice {
  unit: string;
  amountMicros: bigint;
  perUnits: bigint;
}

/** The price that holds for a tool. */
export interface Price {
  tool: string;
  /** It costs nothing, whatever else is said here. */
  free: boolean;
  /** How many calls are free on each of the account's days. */
  freeCallsPerDay: number;
  perCallMicros: bigint;
  units: UnitPrice[];
  version: number;
  /** RFC 3339. */
  validFrom: string;
}

/** The largest amount that the core takes: a billion dollars. */
const MOST_MICROS = 1_000_000_000_000_000n;

/** A call cannot be priced; the message says why, to the agent that asked. */
export class PriceError extends Error {
  override readonly name = "PriceError";
}

/**
 * The cost in micros of a call that takes `quantities` (none negative), exactly the units of the price: the sum
 * of all parts, rounded up once. Throws a `PriceError` for a unit that is unknown or missing, and for a sum
 * above a billion dollars.
 */
export function costOf(price: Price, quantities: ReadonlyMap<string, bigint>): bigint {
  for (const unit of quantities.keys()) {
    if (!price.units.some((part) => part.unit === unit)) {
      throw new PriceError(
        `unit ${quoted(unit)} is not in the price of ${price.tool}: ${asked(price)}`,
      );
    }
  }
  // One fraction for all parts, so that nothing is rounded before the end.
  const denominator = price.units.reduce((product, part) => product * part.perUnits, 1n);
  let numerator = price.perCallMicros * denominator;
  for (const part of price.units) {
    const quantity = quantities.get(part.unit);
    if (quantity === undefined) {
      throw new PriceError(`unit ${quoted(part.unit)} is missing: ${asked(price)}`);
    }
    numerator += part.amountMicros * quantity * (denominator / part.perUnits);
  }
  const total = (numerator + denominator - 1n) / denominator;
  const cost = price.free ? 0n : total;
  if (cost > MOST_MICROS) throw new PriceError(`the call costs more than an amount may be`);
  return cost;
}

function asked(price: Price): string {
  if (price.units.length === 0) return "it is priced by the call alone; pass no quantities";
  const units = price.units.map((part) => quoted(part.unit)).join(", ");
  return `pass a quantity for each of ${units} (0 where none is used)`;
}

function quoted(unit: string): string {
  return JSON.stringify(unit);
}
