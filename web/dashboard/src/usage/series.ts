import { toMicros } from "@billing/client";
import { eachDay } from "./days";

export interface Spent {
  spent_usd: string;
  requests: number;
}

export interface Total {
  micros: bigint;
  requests: number;
}

export interface Day extends Total {
  date: string;
}

/** The gateway leaves out days without a charge: here they are there, and empty. */
export function everyDay(
  from: string,
  to: string,
  known: readonly (Spent & { date: string })[],
): Day[] {
  const byDate = new Map(known.map((day) => [day.date, day]));
  return eachDay(from, to).map((date) => {
    const day = byDate.get(date);
    return { date, micros: toMicros(day?.spent_usd ?? "0"), requests: day?.requests ?? 0 };
  });
}

export function total(parts: readonly Total[]): Total {
  return parts.reduce<Total>(
    (sum, part) => ({ micros: sum.micros + part.micros, requests: sum.requests + part.requests }),
    { micros: 0n, requests: 0 },
  );
}

/** For one call, rounded half up to a micro; undefined where there was none. */
export function average({ micros, requests }: Total): bigint | undefined {
  if (requests === 0) return undefined;
  const calls = BigInt(requests);
  const sign = micros < 0n ? -1n : 1n;
  return sign * ((2n * sign * micros + calls) / (2n * calls));
}

const STEPS = 1000;

/** Parts in a thousand of the whole, for the length of a bar: it is drawn, and nothing is added from it. */
export function share(part: bigint, whole: bigint): number {
  if (whole <= 0n || part <= 0n) return 0;
  return Number((part * BigInt(STEPS)) / whole);
}

/** A bar of the chart, in thousandths of its height: a day of refunds hangs below the line. */
export interface Bar {
  top: number;
  height: number;
}

/** Where zero is, and a bar for each day. What is not nothing is at least visible. */
export function bars(days: readonly Day[]): { zero: number; bars: Bar[] } {
  const highest = days.reduce((most, { micros }) => (micros > most ? micros : most), 0n);
  const lowest = days.reduce((least, { micros }) => (micros < least ? micros : least), 0n);
  const span = highest - lowest;
  const zero = span === 0n ? STEPS : share(highest, span);
  return {
    zero,
    bars: days.map(({ micros }) => {
      if (micros === 0n) return { top: zero, height: 0 };
      const height = Math.max(share(micros < 0n ? -micros : micros, span), 8);
      return micros < 0n ? { top: zero, height } : { top: zero - height, height };
    }),
  };
}
