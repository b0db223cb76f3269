import { useTranslation } from "../i18n/use-translation";
import { AmountField } from "../ui/amount-field";
import { Card } from "../ui/card";
import type { AmountName, SettingsForm } from "./form";

interface LimitFieldsProps {
  value: SettingsForm;
  set: (part: Partial<SettingsForm>) => void;
  errorOf: (name: AmountName) => string | undefined;
  /** The user is done with a field. */
  left: (name: AmountName) => void;
}

export function LimitFields({ value, set, errorOf, left }: LimitFieldsProps) {
  const { t } = useTranslation("settings");
  const field = (name: AmountName) => ({
    name,
    currency: "USD",
    value: value[name],
    error: errorOf(name),
    onChange: (typed: string) => set({ [name]: typed }),
    onBlur: () => left(name),
  });
  return (
    <>
      <Card title={t("limits.title")}>
        <p className="-mt-2 mb-5 text-ink-soft">{t("limits.text")}</p>
        <div className="grid gap-5 sm:grid-cols-2">
          <AmountField
            {...field("daily_limit_usd")}
            label={t("limits.daily")}
            hint={t("limits.hint")}
            placeholder={t("limits.none")}
          />
          <AmountField
            {...field("monthly_limit_usd")}
            label={t("limits.monthly")}
            hint={t("limits.hint")}
            placeholder={t("limits.none")}
          />
        </div>
      </Card>
      <Card title={t("warning.title")}>
        <div className="sm:max-w-sm">
          <AmountField
            {...field("low_balance_threshold_usd")}
            label={t("warning.threshold")}
            hint={t("warning.hint")}
          />
        </div>
      </Card>
    </>
  );
}
