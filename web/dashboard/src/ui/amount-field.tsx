import { formatMoney } from "@billing/client";
import type { AmountBounds, AmountProblem } from "@billing/client";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { Field, INPUT } from "./field";
import type { FieldTexts } from "./field";

interface AmountFieldProps extends FieldTexts {
  currency: string;
  /** As it is typed; `parseAmount` reads it. */
  value: string;
  onChange: (typed: string) => void;
  onBlur?: () => void;
  disabled?: boolean;
  placeholder?: string | undefined;
  name?: string;
}

/** Text and not `type=number`, which makes 1250 of a typed "12,50". */
export function AmountField({
  label,
  hint,
  error,
  currency,
  onChange,
  ...input
}: AmountFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div className="relative">
          <input
            type="text"
            inputMode="decimal"
            autoComplete="off"
            className={`${INPUT} figures pr-14`}
            onChange={(event) => onChange(event.target.value)}
            {...input}
            {...control}
          />
          <span
            aria-hidden
            className="pointer-events-none absolute inset-y-0 right-3 flex items-center text-ink-soft"
          >
            {currency}
          </span>
        </div>
      )}
    </Field>
  );
}

/** What is wrong with an amount, in the user's language. */
export function useAmountProblem(): (
  problem: AmountProblem,
  currency: string,
  bounds?: AmountBounds,
) => string {
  const { t } = useTranslation();
  const locale = useLocale();
  return (problem, currency, bounds = {}) => {
    const money = (amount: string) => formatMoney(amount, currency, locale);
    switch (problem) {
      case "too_small":
        return t("amount.too_small", { min: money(bounds.min ?? "0") });
      case "too_large":
        return bounds.max
          ? t("amount.too_large", { max: money(bounds.max) })
          : t("amount.too_large_unbounded");
      case "too_many_decimals":
        return t("amount.too_many_decimals", { count: bounds.decimals ?? 2 });
      case "not_a_number":
        return t("amount.not_a_number", { example: locale === "uk" ? "12,50" : "12.50" });
      default:
        return t(`amount.${problem}`);
    }
  };
}
