// Amounts as callers see them. Money is an integer of micros (a millionth of a dollar) and never becomes a float.

const DECIMALS = 6;
const MICROS_PER_USD = 1_000_000n;

/** The digits of an amount: sign, whole dollars, and at least `decimals` decimals. */
function digits(micros: bigint, decimals: number): string {
  const sign = micros < 0n ? "-" : "";
  const size = micros < 0n ? -micros : micros;
  const whole = size / MICROS_PER_USD;
  const fraction = (size % MICROS_PER_USD).toString().padStart(DECIMALS, "0").replace(/0+$/, "");
  const shown = fraction.padEnd(decimals, "0");
  return shown === "" ? `${sign}${whole}` : `${sign}${whole}.${shown}`;
}

/** An amount as a JSON number, exact to the last digit: `0.25`. */
export function usdNumber(micros: bigint): string {
  return digits(micros, 0);
}

/** An amount for people, with at least the cents: `$0.50`, `-$1.234567`. */
export function usdText(micros: bigint): string {
  const text = digits(micros, 2);
  return text.startsWith("-") ? `-$${text.slice(1)}` : `$${text}`;
}
