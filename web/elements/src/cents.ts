import type { Language } from "./language";

/** Why a typed amount is none. */
export type AmountProblem = "empty" | "no-amount" | "decimals";

/** Money as people read it, cents only where there are any: `$347`, `$12.50`, `347 $`. */
export function money(cents: bigint, language: Language): string {
  const digits = cents % 100n === 0n ? 0 : 2;
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(decimal(cents)).replace("-", "\u2212");
}

/** Text, because Intl reads every digit of a text, and a float has not all of them. */
function decimal(cents: bigint): `${number}` {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}` as `${number}`;
}

/** Cents that came as a number; undefined for what is no whole one, and then nothing is known. */
export function wholeCents(value: unknown): bigint | undefined {
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}

/** What a page gives as a number of dollars (25, or 12.5); undefined where that is no amount. */
export function ofDollars(dollars: unknown): bigint | undefined {
  const cents = typedCents(String(dollars ?? ""), "en");
  return typeof cents === "bigint" ? cents : undefined;
}

/**
 * A typed amount in cents. Spaces between thousands and a dollar sign pass. A comma before one or two last digits is a
 * decimal comma everywhere; in English, one before three is between thousands.
 */
export function typedCents(text: string, language: Language): bigint | AmountProblem {
  let rest = text.replace("$", "").trim();
  if (rest === "") return "empty";
  // A space that separates no thousands stays: nobody knows what was meant.
  if (/^\d{1,3}(\s\d{3})+(?![\d\s])/.test(rest)) rest = rest.replace(/\s/g, "");
  if (language === "en" && /^\d{1,3}(,\d{3})+(?![\d,])/.test(rest)) rest = rest.replace(/,/g, "");
  const [typed, units = "", cents = ""] = /^(\d{1,12})(?:[.,](\d*))?$/.exec(rest) ?? [];
  if (!typed) return "no-amount";
  return cents.length > 2 ? "decimals" : BigInt(units + cents.padEnd(2, "0"));
}
