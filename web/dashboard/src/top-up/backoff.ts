const STEPS_MILLIS = [1000, 1000, 2000, 2000, 3000, 5000, 8000];
const SLOW_MILLIS = 15_000;

/** How long to wait before a payment is asked about again, by how often it was. */
export function pause(asked: number): number {
  return STEPS_MILLIS[asked] ?? SLOW_MILLIS;
}

/** From here on the page says that it takes longer than it mostly does. */
export const LONG_MILLIS = 60_000;

/** So long a declined attempt may be an earlier one, of a payment that has just been paid. */
export const FRESH_MILLIS = 5000;
