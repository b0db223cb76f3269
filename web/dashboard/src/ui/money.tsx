import { formatMoney } from "@billing/client";
import type { Decimal, MoneyFormat } from "@billing/client";

import { useLocale } from "../i18n";

interface MoneyProps extends MoneyFormat {
  amount: Decimal;
  currency?: string;
  className?: string;
}

/** An amount as our mails write it. Dollars unless said. */
export function Money({ amount, currency = "USD", className = "", ...format }: MoneyProps) {
  const locale = useLocale();
  return (
    <span className={`figures whitespace-nowrap ${className}`}>
      {formatMoney(amount, currency, locale, format)}
    </span>
  );
}

/** The same for a sentence: interpolate what it returns. */
export function useMoney(): (amount: Decimal, currency?: string, format?: MoneyFormat) => string {
  const locale = useLocale();
  return (amount, currency = "USD", format = {}) => formatMoney(amount, currency, locale, format);
}
