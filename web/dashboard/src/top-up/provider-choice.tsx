import type { Provider } from "@billing/client";

import { useTranslation } from "../i18n/use-translation";
import { providerName } from "../provider";
import { currencyOf } from "./provider";

interface Props {
  providers: readonly Provider[];
  chosen: Provider;
  onChoose: (provider: Provider) => void;
}

/** Absent where there is nothing to choose. */
export function ProviderChoice({ providers, chosen, onChoose }: Props) {
  const { t } = useTranslation("top-up");
  if (providers.length < 2) return null;
  return (
    <fieldset>
      <legend className="mb-2 font-medium">{t("provider.legend")}</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        {providers.map((provider) => (
          <label
            key={provider.provider}
            className="flex min-h-11 cursor-pointer items-start gap-3 rounded-xl border border-line-strong p-4 has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name="provider"
              className="mt-1 size-4 shrink-0 accent-accent"
              checked={provider.provider === chosen.provider}
              onChange={() => onChoose(provider)}
            />
            <span>
              <span className="block font-medium">{t(`provider.${currencyOf(provider)}`)}</span>
              <span className="block text-sm text-ink-soft">
                {t("provider.by", { name: providerName(provider.provider) })}
              </span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
