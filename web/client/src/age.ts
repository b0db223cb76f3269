import type { Locale } from "./money";

/** One, two to four, more: as Ukrainian counts; English has the first and the last. */
type Forms = readonly [one: string, few: string, many: string];

const UNITS: readonly [seconds: number, names: Record<Locale, Forms>][] = [
  [86_400, { en: ["day", "days", "days"], uk: ["день", "дні", "днів"] }],
  [3_600, { en: ["hour", "hours", "hours"], uk: ["годину", "години", "годин"] }],
  [60, { en: ["minute", "minutes", "minutes"], uk: ["хвилину", "хвилини", "хвилин"] }],
];

const WITHIN_A_MINUTE = {
  en: { past: "just now", future: "in less than a minute" },
  uk: { past: "щойно", future: "менш ніж за хвилину" },
};

/**
 * "5 minutes ago", "in 2 hours", "just now". By hand, since the first `Intl.RelativeTimeFormat` of a page takes
 * Chromium 50 ms of a fast processor, while nothing is painted.
 */
export function formatAge(instant: string | number, now: number, locale: Locale): string {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1000);
  for (const [size, names] of UNITS) {
    const count = Math.trunc(Math.abs(seconds) / size);
    if (count > 0)
      return written(`${count} ${names[locale][form(count, locale)]}`, seconds, locale);
  }
  return WITHIN_A_MINUTE[locale][seconds > 0 ? "future" : "past"];
}

function written(span: string, seconds: number, locale: Locale): string {
  if (locale === "uk") return seconds < 0 ? `${span} тому` : `через ${span}`;
  return seconds < 0 ? `${span} ago` : `in ${span}`;
}

function form(count: number, locale: Locale): 0 | 1 | 2 {
  if (locale === "en") return count === 1 ? 0 : 2;
  const [last, lastTwo] = [count % 10, count % 100];
  if (last === 1 && lastTwo !== 11) return 0;
  return last >= 2 && last <= 4 && (lastTwo < 12 || lastTwo > 14) ? 1 : 2;
}
