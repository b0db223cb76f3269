import {
  type Decimal,
  editableAmount,
  formatRate,
  fromMicros,
  type ParsedAmount,
  type Provider,
  toMicros,
} from "@billing/client";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { useBalance } from "../queries";
import { AmountField, useAmountProblem } from "../ui/amount-field";
import { buttonClass } from "../ui/button";
import { useMoney } from "../ui/money";
import { currencyOf } from "./provider";

interface Props {
  provider: Provider;
  typed: string;
  parsed: ParsedAmount;
  /** Whether it is time to say what is wrong. */
  showsProblem: boolean;
  disabled: boolean;
  onType: (typed: string) => void;
  onLeave: () => void;
}

export function boundsOf(provider: Provider) {
  return { min: provider.min_amount, max: provider.max_amount, decimals: 2 };
}

/** How much, with what others choose and the bounds said beforehand. */
export function Amount({
  provider,
  typed,
  parsed,
  showsProblem,
  disabled,
  onType,
  onLeave,
}: Props) {
  const { t } = useTranslation("top-up");
  const money = useMoney();
  const problemOf = useAmountProblem();
  const currency = currencyOf(provider);
  const short = (amount: Decimal) => money(amount, currency, { short: true });
  const bounds = boundsOf(provider);
  const error =
    showsProblem && !parsed.ok ? problemOf(parsed.problem, currency, bounds) : undefined;
  return (
    <div className="flex flex-col gap-3">
      <AmountField
        name="amount"
        label={t(`amount.${currency}`)}
        currency={currency}
        hint={t("amount.bounds", { min: short(bounds.min), max: short(bounds.max) })}
        error={error}
        value={typed}
        disabled={disabled}
        onChange={onType}
        onBlur={onLeave}
      />
      <Presets provider={provider} parsed={parsed} disabled={disabled} onType={onType} />
      {currency === "UAH" && parsed.ok && <About uah={parsed.value} />}
    </div>
  );
}

type PresetsProps = Pick<Props, "provider" | "parsed" | "disabled" | "onType">;

function Presets({ provider, parsed, disabled, onType }: PresetsProps) {
  const { t } = useTranslation("top-up");
  const locale = useLocale();
  const money = useMoney();
  const isChosen = (preset: Decimal) => parsed.ok && toMicros(parsed.value) === toMicros(preset);
  return (
    <div role="group" aria-label={t("amount.presets")} className="grid grid-cols-2 gap-2 sm:flex">
      {provider.presets.map((preset) => (
        <button
          key={preset}
          type="button"
          aria-pressed={isChosen(preset)}
          disabled={disabled}
          className={buttonClass(
            "secondary",
            "figures cursor-pointer aria-pressed:border-accent aria-pressed:bg-accent-soft",
          )}
          onClick={() => onType(editableAmount(preset, locale))}
        >
          {money(preset, currencyOf(provider), { short: true })}
        </button>
      ))}
    </div>
  );
}

/** As of the shown rate; the payment's own is fixed when it begins. */
function About({ uah }: { uah: Decimal }) {
  const { t } = useTranslation("top-up");
  const locale = useLocale();
  const money = useMoney();
  const rate = useBalance().data?.billing.uah_rate?.rate;
  if (!rate || toMicros(rate) <= 0n) return null;
  const usd = fromMicros((toMicros(uah) * 1_000_000n) / toMicros(rate));
  return (
    <p className="text-sm text-ink-soft">
      {t("amount.about", { usd: money(usd), rate: formatRate(rate, locale) })}
    </p>
  );
}
