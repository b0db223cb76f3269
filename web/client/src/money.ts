/**
 * Amounts are text ("12.34"), as the service sends them, and are counted in millionths as BigInt.
 * They are written as our mails write them (billing-core/src/outbox/mail/words.rs): no `Intl`,
 * whose spelling of hryvnias differs between browsers and which passes amounts through a float.
 */

/** A decimal number as text, "-0.5" for example. */
export type Decimal = string;

export type Locale = "en" | "uk";

const NO_BREAK_SPACE = "\u00a0";
export const MINUS = "\u2212";
const MICROS_PER_UNIT = 1_000_000n;
const MICROS_PER_CENT = 10_000n;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Millionths of a unit. Rates have more than six decimals: whatever is smaller is cut off. */
export function toMicros(amount: Decimal): bigint {
  const match = DECIMAL.exec(amount);
  if (!match) throw new TypeError(`no amount: ${amount}`);
  const [, sign, units = "0", fraction = ""] = match;
  const micros = BigInt(units + fraction.slice(0, 6).padEnd(6, "0"));
  return sign ? -micros : micros;
}

/** The shortest text of an amount. */
export function fromMicros(micros: bigint): Decimal {
  const size = micros < 0n ? -micros : micros;
  const fraction = (size % MICROS_PER_UNIT).toString().padStart(6, "0").replace(/0+$/, "");
  const units = (size / MICROS_PER_UNIT).toString();
  return `${micros < 0n ? "-" : ""}${units}${fraction && `.${fraction}`}`;
}

export function addAmounts(...amounts: Decimal[]): Decimal {
  return fromMicros(amounts.reduce((sum, amount) => sum + toMicros(amount), 0n));
}

/** Less than zero where `a` is smaller, more where it is larger. */
export function compareAmounts(a: Decimal, b: Decimal): number {
  const difference = toMicros(a) - toMicros(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Whole percent of `part` in `whole`, rounded down and held within 0 and 100, for bars. */
export function percentOf(part: Decimal, whole: Decimal): number {
  const of = toMicros(whole);
  if (of <= 0n) return 100;
  const percent = (toMicros(part) * 100n) / of;
  return Number(percent < 0n ? 0n : percent > 100n ? 100n : percent);
}

/** What an amount is worth in another currency, in cents, rounded down. To be shown, not paid. */
export function convert(amount: Decimal, rate: Decimal): Decimal {
  const [units = "0", fraction = ""] = rate.split(".");
  const scaled = BigInt(units + fraction.padEnd(8, "0").slice(0, 8));
  const exact = toMicros(amount) * scaled;
  const cent = 1_000_000_000_000n;
  const down = exact < 0n && exact % cent !== 0n ? exact / cent - 1n : exact / cent;
  return fromMicros(down * MICROS_PER_CENT);
}

export interface MoneyFormat {
  /** True: all decimals that there are, at least two. Else whole cents, rounded down. */
  exact?: boolean;
  /** True: a plus before what is more than zero, as in lists of movements. */
  signed?: boolean;
  /** True: whole units without cents, as a sentence says them. */
  short?: boolean;
}

/** "−$1,234.50", "−1 234,50 $". Less than a cent is written in full; no amount is rounded up. */
export function formatMoney(
  amount: Decimal,
  currency: string,
  locale: Locale,
  format: MoneyFormat = {},
): string {
  const micros = toMicros(amount);
  const { units, fraction } = digits(micros, format);
  const sign = micros < 0n ? MINUS : format.signed && micros > 0n ? "+" : "";
  const symbol = currency === "USD" ? "$" : currency === "UAH" ? "₴" : null;
  if (locale === "uk") {
    const number = grouped(units, NO_BREAK_SPACE) + (fraction && `,${fraction}`);
    return `${sign}${number}${NO_BREAK_SPACE}${symbol ?? currency}`;
  }
  const number = grouped(units, ",") + (fraction && `.${fraction}`);
  return symbol ? `${sign}${symbol}${number}` : `${sign}${number}${NO_BREAK_SPACE}${currency}`;
}

/** A rate without a currency, "41.2505" or "41.50": like money, with two decimals at least. */
export function formatRate(value: Decimal, locale: Locale): string {
  const match = DECIMAL.exec(value);
  if (!match) throw new TypeError(`no number: ${value}`);
  const [, sign, units = "0", fraction] = match;
  const [group, point] = locale === "uk" ? [NO_BREAK_SPACE, ","] : [",", "."];
  const decimals = (fraction ?? "").padEnd(2, "0");
  return `${sign ? MINUS : ""}${grouped(units, group)}${point}${decimals}`;
}

function digits(micros: bigint, format: MoneyFormat): { units: string; fraction: string } {
  const size = micros < 0n ? -micros : micros;
  if (format.short && size % MICROS_PER_UNIT === 0n) {
    return { units: (size / MICROS_PER_UNIT).toString(), fraction: "" };
  }
  if (format.exact || (size > 0n && size < MICROS_PER_CENT)) {
    const all = (size % MICROS_PER_UNIT).toString().padStart(6, "0").replace(/0+$/, "");
    return { units: (size / MICROS_PER_UNIT).toString(), fraction: all.padEnd(2, "0") };
  }
  // Down, also below zero: nobody is shown more than there is.
  const up = micros < 0n && size % MICROS_PER_CENT !== 0n ? 1n : 0n;
  const cents = size / MICROS_PER_CENT + up;
  return {
    units: (cents / 100n).toString(),
    fraction: (cents % 100n).toString().padStart(2, "0"),
  };
}

function grouped(units: string, separator: string): string {
  return units.replace(/\B(?=(\d{3})+$)/g, separator);
}

/** Why what was typed is no amount. */
export type AmountProblem =
  | "empty"
  | "not_a_number"
  | "negative"
  | "ambiguous"
  | "too_many_decimals"
  | "too_small"
  | "too_large";

export type ParsedAmount = { ok: true; value: Decimal } | { ok: false; problem: AmountProblem };

export interface AmountBounds {
  min?: Decimal | undefined;
  max?: Decimal | undefined;
  /** How many decimals are taken: 2 unless said. */
  decimals?: number | undefined;
}

const SPACE = "[\\s\\u00a0\\u2009\\u202f']";
const SPACES = new RegExp(SPACE, "g");
const GROUPED_BY_SPACES = new RegExp(`^\\d{1,3}(${SPACE}\\d{3})+([.,]\\d*)?$`);
/** A thousand and more to some, a bit more than one to others. */
const TWO_WAYS = /^[1-9]\d{0,2}[.,]\d{3}$/;
const GROUPED_BY_COMMAS = /^\d{1,3}(,\d{3})+(\.\d*)?$/;
const GROUPED_BY_POINTS = /^\d{1,3}(\.\d{3})+(,\d*)?$/;

/**
 * An amount as people type it: "12,50", "1 234.5", "$1,234.50". What could be meant in two ways is
 * refused, not guessed.
 */
export function parseAmount(
  input: string,
  locale: Locale,
  bounds: AmountBounds = {},
): ParsedAmount {
  const spaced = input
    .trim()
    .replace(/^[$₴]|[$₴]$/g, "")
    .trim();
  if (spaced === "") return refused("empty");
  if (/^[-\u2212\u2013]/.test(spaced)) return refused("negative");
  const typed = spaced.replace(SPACES, "");
  if (typed !== spaced && !GROUPED_BY_SPACES.test(spaced)) return refused("not_a_number");
  if (!/^[\d.,]+$/.test(typed) || !/\d/.test(typed)) return refused("not_a_number");
  const decimals = bounds.decimals ?? 2;
  const plain = withPoint(typed, locale, decimals);
  if (plain === "ambiguous" || plain === "not_a_number") return refused(plain);
  const [units = "", fraction = ""] = plain.split(".");
  const kept = fraction.replace(/0+$/, "");
  if (kept.length > decimals) return refused("too_many_decimals");
  const whole = units.replace(/^0+(?=\d)/, "") || "0";
  const value = kept ? `${whole}.${kept}` : whole;
  // Fifteen digits before the point are more than the service can hold.
  if (whole.length > 13 || (bounds.max && compareAmounts(value, bounds.max) > 0)) {
    return refused("too_large");
  }
  if (bounds.min && compareAmounts(value, bounds.min) < 0) return refused("too_small");
  return { ok: true, value };
}

function refused(problem: AmountProblem): ParsedAmount {
  return { ok: false, problem };
}

/** With a point before the decimals and nothing between groups. */
function withPoint(typed: string, locale: Locale, decimals: number): string {
  const marks = typed.replace(/\d/g, "");
  if (TWO_WAYS.test(typed)) {
    // Whoever writes English amounts to the cent can only mean thousands by a comma.
    if (marks === "." || locale !== "en" || decimals > 2) return "ambiguous";
    return typed.replace(",", "");
  }
  if (marks === "" || marks === "." || marks === ",") return typed.replace(",", ".");
  if (GROUPED_BY_COMMAS.test(typed)) return typed.replaceAll(",", "");
  if (GROUPED_BY_POINTS.test(typed)) return typed.replaceAll(".", "").replace(",", ".");
  return "not_a_number";
}

/**
 * As a field shows an amount for editing: "12.5" is "12.50", with the language's point. "1.234" is
 * "1.2340", which can be read in one way alone.
 */
export function editableAmount(amount: Decimal, locale: Locale): string {
  const [units = "0", fraction = ""] = fromMicros(toMicros(amount)).split(".");
  if (!fraction) return units;
  const shown = fraction.padEnd(fraction.length === 3 ? 4 : 2, "0");
  return `${units}${locale === "uk" ? "," : "."}${shown}`;
}
