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
