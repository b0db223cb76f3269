import { expect, test } from "vitest";

import { formatAge } from "../src";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const MINUTE = 60_000;

test("an age is written as each language counts", () => {
  // As CLDR has it, but for words such as "yesterday", which are not true of every 30 hours.
  for (const minutes of [1, 2, 3, 5, 11, 12, 21, 22, 25, 59, 60, 119, 300, 1439]) {
    const [unit, size] = minutes < 60 ? (["minute", 1] as const) : (["hour", 60] as const);
    for (const locale of ["en", "uk"] as const) {
      const words = new Intl.RelativeTimeFormat(locale);
      for (const sign of [-1, 1]) {
        const at = NOW + sign * minutes * MINUTE;
        const count = sign * Math.trunc(minutes / size);
        expect(formatAge(at, NOW, locale)).toBe(words.format(count, unit));
      }
    }
  }
  expect(formatAge(NOW - 30 * 60 * MINUTE, NOW, "en")).toBe("1 day ago");
  expect(formatAge("2026-11-06T12:00:00Z", NOW, "uk")).toBe("22 дні тому");
  expect(formatAge(NOW - 59_000, NOW, "en")).toBe("just now");
  expect(formatAge(NOW + 59_000, NOW, "uk")).toBe("менш ніж за хвилину");
});
