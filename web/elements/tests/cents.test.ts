import { expect, test } from "vitest";
import { money, ofDollars, typedCents, wholeCents } from "../src/cents";
import { counted } from "../src/language";

const plain = (text: string): string => text.replace(/\u00a0/g, " ");

test("money has cents only where there are any, and one minus", () => {
  expect(money(34_700n, "en")).toBe("$347");
  expect(money(1250n, "en")).toBe("$12.50");
  expect(money(-1005n, "en")).toBe("\u2212$10.05");
  expect(money(9_007_199_254_740_993n, "en")).toBe("$90,071,992,547,409.93");
  expect(plain(money(34_700n, "uk"))).toBe("347 $");
  expect(plain(money(1250n, "uk"))).toBe("12,50 $");
});

test("a typed amount is read as people of the language mean it", () => {
  for (const text of ["25", "25.00", "$25", " 25 ", "25,00", "25."]) {
    expect(typedCents(text, "en"), text).toBe(2500n);
    expect(typedCents(text, "uk"), text).toBe(2500n);
  }
  expect(typedCents("12,5", "uk")).toBe(1250n);
  expect(typedCents("1,000", "en")).toBe(100_000n);
  expect(typedCents("1,234.5", "en")).toBe(123_450n);
  expect(typedCents("1\u00a0000", "uk")).toBe(100_000n);
  expect(typedCents("1 234,5 $", "uk")).toBe(123_450n);
});

test("what is no amount is told why", () => {
  expect(typedCents("", "en")).toBe("empty");
  expect(typedCents(" ", "uk")).toBe("empty");
  for (const text of [
    "abc",
    "-5",
    "1e3",
    "0x10",
    "12.5.0",
    "٢٥",
    "1,00,000",
    "2 5",
    "1 2 3",
    "12 34",
  ]) {
    expect(typedCents(text, "en"), text).toBe("no-amount");
  }
  expect(typedCents("12.345", "en")).toBe("decimals");
  // A thousand to one half of the world, and one to the other.
  expect(typedCents("1,000", "uk")).toBe("decimals");
});

test("what pages give as numbers is taken only where it is exact", () => {
  expect(ofDollars(12.5)).toBe(1250n);
  expect(ofDollars(25)).toBe(2500n);
  expect(ofDollars(0.1 + 0.2)).toBeUndefined();
  expect(ofDollars(null)).toBeUndefined();
  expect(wholeCents(2500)).toBe(2500n);
  expect(wholeCents(25.5)).toBeUndefined();
  expect(wholeCents(Number.NaN)).toBeUndefined();
});

test("people are counted as their language counts", () => {
  const forms: [string, string, string] = ["# прихильник", "# прихильники", "# прихильників"];
  expect([1, 3, 11, 23, 25].map((count) => counted(count, "uk", forms))).toEqual([
    "1 прихильник",
    "3 прихильники",
    "11 прихильників",
    "23 прихильники",
    "25 прихильників",
  ]);
});
