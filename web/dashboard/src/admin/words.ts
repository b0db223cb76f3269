import { type Decimal, formatMoney, formatTime, type Locale, type TimeStyle } from "@billing/client";
import { useTranslation } from "react-i18next";

/** Times are written in the zone of whoever looks; days of sums are UTC, and say so. */
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The texts of this part, and amounts and times in its language. Amounts are exact: nothing is rounded here. */
export function useWords() {
  const { t, i18n } = useTranslation("admin");
  const locale: Locale = i18n.language.startsWith("uk") ? "uk" : "en";
  const money = (amount: Decimal, currency: string, signed = false) =>
    formatMoney(amount, currency, locale, { exact: true, signed });

  return {
    t,
    locale,
    money,
    usd: (amount: Decimal, signed = false) => money(amount, "USD", signed),
    count: (number: number) => number.toLocaleString(locale === "uk" ? "uk-UA" : "en-GB"),
    time: (instant: string, style: TimeStyle = "short") => formatTime(instant, locale, ZONE, style),
  };
}

export type Words = ReturnType<typeof useWords>;
