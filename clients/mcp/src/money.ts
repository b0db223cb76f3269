/**
 * Amounts: integer micros of a dollar as `bigint` (1 USD is 1,000,000), and decimal text at both edges. No
 * amount ever is a float.
 */

const MICROS_PER_USD = 1_000_000n;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** Micros of "-0.5". Throws a `RangeError` for what has an exponent or more than six decimals. */
export function toMicros(decimal: string): bigint {
  const match = DECIMAL.exec(decimal);
  if (!match) throw new RangeError(`no amount with at most six decimals: ${decimal}`);
  const [, sign, units = "0", fraction = ""] = match;
  const micros = BigInt(units + fraction.padEnd(6, "0"));
  return sign ? -micros : micros;
}

/** The shortest decimal text of an amount: "24.65", "-0.000001", "10". */
export function fromMicros(micros: bigint): string {
  return written(micros, 0);
}

/** As a sentence has it: "$24.65", "-$0.50", "$10.00", with more than two decimals only where it needs them. */
export function dollars(micros: bigint): string {
  const text = written(micros, 2);
  return text.startsWith("-") ? `-$${text.slice(1)}` : `$${text}`;
}

export function orZero(micros: bigint): bigint {
  return micros > 0n ? micros : 0n;
}

function written(micros: bigint, decimals: number): string {
  const size = micros < 0n ? -micros : micros;
  const all = (size % MICROS_PER_USD).toString().padStart(6, "0");
  const fraction = all.replace(/0+$/, "").padEnd(decimals, "0");
  const units = (size / MICROS_PER_USD).toString();
  return `${micros < 0n ? "-" : ""}${units}${fraction && `.${fraction}`}`;
}
