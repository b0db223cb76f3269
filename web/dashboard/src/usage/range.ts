import { addDays, countDays, isDay } from "./days";

/** What is looked at: the last so many days, or days of the user's own. Both ends are counted. */
export type Range = { days: 7 | 30 | 90 } | { from: string; to: string };

export const PRESETS = [7, 30, 90] as const;
/** The gateway looks back no further at once. */
export const MOST_DAYS = 366;

export type RangeFault = "no-day" | "backwards" | "too-long" | "future";

/** From the address; 30 days where it says nothing that can be shown. */
export function readRange(params: URLSearchParams, today: string): Range {
  const from = params.get("from") ?? "";
  const to = params.get("to") ?? "";
  if (!rangeFault(from, to, today)) return { from, to };
  const preset = PRESETS.find((days) => String(days) === params.get("days"));
  return { days: preset ?? 30 };
}

export function writeRange(range: Range): URLSearchParams {
  return new URLSearchParams("days" in range ? { days: String(range.days) } : { ...range });
}

export function rangeDays(range: Range, today: string): { from: string; to: string } {
  if ("from" in range) return range;
  return { from: addDays(today, 1 - range.days), to: today };
}

/** Why these days cannot be asked for; undefined where they can. */
export function rangeFault(from: string, to: string, today: string): RangeFault | undefined {
  if (!isDay(from) || !isDay(to)) return "no-day";
  if (from > to) return "backwards";
  if (from > today) return "future";
  if (countDays(from, to) > MOST_DAYS) return "too-long";
  return undefined;
}
