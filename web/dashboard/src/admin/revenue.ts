import { addAmounts, type Decimal, toMicros } from "@billing/client";
import { providerName } from "../provider";
import type { Bar } from "../ui/bar";
import type { RevenueOfDay } from "./api";

const DAY_MS = 86_400_000;

/** A bar for every day until `today` (UTC), one part for each provider: days without a payment are zeros. */
export function revenueBars(
  rows: readonly RevenueOfDay[],
  days: number,
  today: Date,
  label: (day: string) => string,
): Bar[] {
  const providers = [...new Set(rows.map((row) => row.provider))].sort();
  return lastDays(days, today).map((day) => {
    const parts = providers.map((name) => ({
      name: providerName(name),
      value: sum(rows.filter((row) => row.date === day && row.provider === name)),
    }));
    return {
      key: day,
      label: label(day),
      name: label(day),
      value: parts.reduce((all, part) => all + part.value, 0n),
      parts,
    };
  });
}

function lastDays(days: number, today: Date): string[] {
  return Array.from({ length: days }, (_, index) =>
    new Date(today.getTime() - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  );
}

function sum(rows: RevenueOfDay[]): bigint {
  return rows.reduce((all, row) => all + toMicros(row.net_usd), 0n);
}

export interface RevenueOfCurrency {
  provider: string;
  currency: string;
  received: Decimal;
  refunded: Decimal;
  disputed: Decimal;
}

/** The same rows by provider and currency: what came in and went back, in the money in which it did. */
export function revenueByCurrency(rows: readonly RevenueOfDay[]): RevenueOfCurrency[] {
  const sums = new Map<string, RevenueOfCurrency>();
  for (const row of rows) {
    const key = `${row.provider} ${row.currency}`;
    const { provider, currency } = row;
    const so = sums.get(key) ?? { provider, currency, received: "0", refunded: "0", disputed: "0" };
    sums.set(key, {
      ...so,
      received: addAmounts(so.received, row.received),
      refunded: addAmounts(so.refunded, row.refunded),
      disputed: addAmounts(so.disputed, row.disputed),
    });
  }
  return [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, so]) => so);
}
