import {
  type Decimal,
  formatMoney,
  formatTime,
  type Locale,
  ownZone,
  type TimeStyle,
} from "@billing/client";

import { useTranslation } from "../i18n/use-translation";

/** Times are written in the zone of whoever looks, which each page names; days of sums are UTC, and say so. */
export const ZONE = ownZone();

/** A day of the charts: "28 Nov". */
const DAYS: Record<Locale, Intl.DateTimeFormat> = {
  en: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }),
  uk: new Intl.DateTimeFormat("uk-UA", { day: "numeric", month: "short", timeZone: "UTC" }),
};

/** The texts of this part, and amounts and times in its language. Amounts are exact unless said. */
export function useWords() {
  const { t, i18n } = useTranslation("admin");
  const locale: Locale = i18n.language.startsWith("uk") ? "uk" : "en";
  const money = (amount: Decimal, currency: string, signed = false) =>
    formatMoney(amount, currency, locale, { exact: true, signed });

  return {
    t,
    locale,
    money,
    /** Whole cents, for sums of many. */
    cents: (amount: Decimal) => formatMoney(amount, "USD", locale),
    /** Round amounts without their zeros. */
    round: (amount: Decimal) => formatMoney(amount, "USD", locale, { short: true }),
    usd: (amount: Decimal, signed = false) => money(amount, "USD", signed),
    count: (number: number) => number.toLocaleString(locale === "uk" ? "uk-UA" : "en-GB"),
    /** Of a day, 2026-11-28. */
    day: (day: string) => DAYS[locale].format(new Date(`${day}T00:00:00Z`)),
    time: (instant: string, style: TimeStyle = "short") => formatTime(instant, locale, ZONE, style),
  };
}

export type Words = ReturnType<typeof useWords>;
