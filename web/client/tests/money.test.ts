import { describe, expect, test } from "vitest";

import {
  addAmounts,
  convert,
  editableAmount,
  formatMoney,
  formatRate,
  fromMicros,
  parseAmount,
  toMicros,
} from "../src";
import type { AmountBounds, Locale } from "../src";

/** For the eye. */
const seen = (text: string) => text.replaceAll("\u00a0", "_").replaceAll("\u2212", "-");

test("a rate has two decimals at least, and all that it has", () => {
  const shown = ["41.5", "41", "41.2505"].map((rate) => formatRate(rate, "en"));
  expect(shown).toEqual(["41.50", "41.00", "41.2505"]);
  expect(formatRate("41.5", "uk")).toBe("41,50");
});

describe("amounts", () => {
  test.each([
    ["10.5", "USD", "$10.50", "10,50_$"],
    ["1234.5", "UAH", "₴1,234.50", "1_234,50_₴"],
    ["1000000000", "USD", "$1,000,000,000.00", "1_000_000_000,00_$"],
    ["-10.5", "USD", "-$10.50", "-10,50_$"],
    ["0", "USD", "$0.00", "0,00_$"],
    ["999", "EUR", "999.00_EUR", "999,00_EUR"],
    ["24.259999", "USD", "$24.25", "24,25_$"],
    ["-24.251", "USD", "-$24.26", "-24,26_$"],
    ["0.009999", "USD", "$0.009999", "0,009999_$"],
    ["-0.0005", "USD", "-$0.0005", "-0,0005_$"],
    ["9223372036854.775807", "USD", "$9,223,372,036,854.77", "9_223_372_036_854,77_$"],
    ["-9223372036854.775808", "USD", "-$9,223,372,036,854.78", "-9_223_372_036_854,78_$"],
  ])("%s %s is written as our mails write it", (amount, currency, en, uk) => {
    expect(seen(formatMoney(amount, currency, "en"))).toBe(en);
    expect(seen(formatMoney(amount, currency, "uk"))).toBe(uk);
  });

  test("every digit is kept where it is asked for", () => {
    expect(formatMoney("9223372036854.775807", "USD", "en", { exact: true })).toBe(
      "$9,223,372,036,854.775807",
    );
    expect(fromMicros(toMicros("123456789012.345678"))).toBe("123456789012.345678");
    expect(addAmounts("0.1", "0.2")).toBe("0.3");
  });

  test("a sentence has no cents where there are none, a list of movements a plus", () => {
    expect(formatMoney("25", "USD", "en", { short: true })).toBe("$25");
    expect(formatMoney("25.5", "USD", "en", { short: true })).toBe("$25.50");
    expect(formatMoney("25", "USD", "en", { signed: true })).toBe("+$25.00");
  });

  test("the worth in another currency is rounded down, never up", () => {
    expect(convert("10.999999", "41.25051234")).toBe("453.75");
    expect(convert("-1", "41.25999999")).toBe("-41.26");
    expect(convert("9223372036854.775807", "41.25")).toBe("380464096520259.5");
  });
});

describe("an amount that is typed", () => {
  const read = (input: string, locale: Locale = "en", bounds: AmountBounds = {}) => {
    const parsed = parseAmount(input, locale, bounds);
    return parsed.ok ? parsed.value : parsed.problem;
  };

  test.each([
    ["12.50", "12.5"],
    ["12,50", "12.5"],
    [" 1 234,5 ", "1234.5"],
    ["1\u202f234\u00a0567.89", "1234567.89"],
    ["$1,234.50", "1234.5"],
    ["1.234,50", "1234.5"],
    ["25 ₴", "25"],
    ["007", "7"],
    [".5", "0.5"],
    ["5.", "5"],
    ["10.00000", "10"],
    ["1234567890123", "1234567890123"],
  ])("%j is read as %s in both languages", (input, value) => {
    expect(read(input)).toBe(value);
    expect(read(input, "uk")).toBe(value);
  });

  test.each([
    ["", "empty"],
    ["   ", "empty"],
    ["-5", "negative"],
    ["\u22125", "negative"],
    ["ten", "not_a_number"],
    ["1e3", "not_a_number"],
    ["1.2.3", "not_a_number"],
    ["1,23,4.5", "not_a_number"],
    [".", "not_a_number"],
    ["1.234", "ambiguous"],
    ["0.123", "too_many_decimals"],
    ["1234.567", "too_many_decimals"],
    ["1 2 3", "not_a_number"],
    ["12 34", "not_a_number"],
    ["1 234 56", "not_a_number"],
    ["1,2 345", "not_a_number"],
    ["12345678901234", "too_large"],
  ])("%j is refused: %s", (input, problem) => {
    expect(read(input)).toBe(problem);
  });

  test("one mark before three digits is read as thousands where it can be nothing else, or not at all", () => {
    expect(read("1,234", "en")).toBe("1234");
    expect(read("1,000", "uk")).toBe("ambiguous");
    expect(read("1.000", "uk")).toBe("ambiguous");
    expect(read("1.000", "en")).toBe("ambiguous");
    expect(read("1.0000", "en")).toBe("1");
    expect(read("0.005", "en", { decimals: 6 })).toBe("0.005");
    expect(read("0,005", "uk", { decimals: 6 })).toBe("0.005");
    expect(read("1,234", "en", { decimals: 6 })).toBe("ambiguous");
    expect(read("1,234", "uk", { decimals: 6 })).toBe("ambiguous");
  });

  test("bounds are compared exactly", () => {
    const bounds = { min: "5", max: "10000" };
    expect(read("4.99", "en", bounds)).toBe("too_small");
    expect(read("5", "en", bounds)).toBe("5");
    expect(read("10000.00", "en", bounds)).toBe("10000");
    expect(read("10000.01", "en", bounds)).toBe("too_large");
  });

  test("comes back as it is shown for editing", () => {
    for (const locale of ["en", "uk"] as const) {
      expect(read(editableAmount("1234.5", locale), locale)).toBe("1234.5");
      expect(read(editableAmount("1.234", locale), locale, { decimals: 6 })).toBe("1.234");
    }
    expect(editableAmount("12.5", "uk")).toBe("12,50");
  });
});
