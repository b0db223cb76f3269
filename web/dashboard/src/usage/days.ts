import type { Locale } from "@billing/client";

/** Days of the calendar, as text ("2026-11-21"): neither a clock nor a zone is part of them. */
const DAY_MILLIS = 86_400_000;

function millis(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The engine reads 31 February as 3 March: only what comes back as it was written is a day. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = millis(text);
  return !Number.isNaN(at) && dayOf(at) === text;
}

export function addDays(day: string, count: number): string {
  return dayOf(millis(day) + count * DAY_MILLIS);
}

/** How many days from the first to the last, both of them counted. */
export function countDays(first: string, last: string): number {
  return Math.round((millis(last) - millis(first)) / DAY_MILLIS) + 1;
}

/** Every day from the first to the last. */
export function eachDay(first: string, last: string): string[] {
  const count = Math.max(0, countDays(first, last));
  return Array.from({ length: count }, (_, index) => addDays(first, index));
}

/** The day that a zone has at this moment; of UTC where the browser does not know the zone. */
export function today(timeZone: string, now: number): string {
  try {
    // Sweden writes dates as ISO 8601 has them.
    return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(now);
  } catch {
    return dayOf(now);
  }
}

type DayStyle = "short" | "long";

/** "21 Nov", "Sat, 21 Nov 2026", the day first: a day is the same in every zone. */
export function writeDay(day: string, locale: Locale, style: DayStyle): string {
  return FORMATS[locale][style].format(millis(day));
}

function dayFormats(language: string) {
  const short = { day: "numeric", month: "short", timeZone: "UTC" } as const;
  const long = { ...short, weekday: "short", year: "numeric" } as const;
  return {
    short: new Intl.DateTimeFormat(language, short),
    long: new Intl.DateTimeFormat(language, long),
  };
}

const FORMATS = { en: dayFormats("en-GB"), uk: dayFormats("uk-UA") };
