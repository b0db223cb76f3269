import { isLosslessNumber, LosslessNumber, parse, stringify } from "lossless-json";

import type { Decimal } from "./money";

/** Members that are amounts or rates, whatever they hold: the schemas `Usd`, `Amount` and `Rate`. */
const MONEY = new Set([
  "amount",
  "credited",
  "disputed",
  "markup_percent",
  "max_amount",
  "min_amount",
  "presets",
  "rate",
  "received",
  "refund_requested",
  "refunded",
]);

export function isMoney(member: string): boolean {
  return MONEY.has(member) || /(_usd|_uah|Usd)$/.test(member);
}

/** Reads JSON; amounts become text, digit for digit, and every other number a number. */
export function readJson(text: string): unknown {
  return settled(parse(text), "");
}

/** Writes JSON; `decimal` marks what is to be a number. */
export function writeJson(value: unknown): string {
  return stringify(value) ?? "null";
}

/** An amount as a number of a JSON body, without passing through a float. */
export function decimal(amount: Decimal): LosslessNumber {
  return new LosslessNumber(amount);
}

/** Elements of a list are what the list is called. */
function settled(value: unknown, member: string): unknown {
  if (isLosslessNumber(value)) return isMoney(member) ? value.value : Number(value.value);
  if (Array.isArray(value)) return value.map((element) => settled(element, member));
  if (value !== null && typeof value === "object") {
    const object: Record<string, unknown> = {};
    for (const [name, of] of Object.entries(value)) object[name] = settled(of, name);
    return object;
  }
  return value;
}
