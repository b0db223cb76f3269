import { parseAmount, type Provider } from "@billing/client";
import { type FormEvent, useEffect, useState } from "react";
import { useSearchParams } from "react-router";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { providerName } from "../provider";
import { useDraft } from "../session/draft";
import { Banner } from "../ui/banner";
import { Button, LinkButton } from "../ui/button";
import { useMoney } from "../ui/money";
import { Amount, boundsOf } from "./amount";
import { forget } from "./attempt";
import { useFailure } from "./failure";
import { pay as begin } from "./go";
import { ProviderChoice } from "./provider-choice";
import { currencyOf } from "./provider";
import { type Pay, returnPath } from "./use-pay";

export const DRAFT = "top-up";

interface Props {
  providers: readonly Provider[];
  pay: Pay;
  /** Nothing can be paid at present; what was typed stays. */
  isClosed: boolean;
}

export function Form({ providers, pay, isClosed }: Props) {
  const { t } = useTranslation("top-up");
  const locale = useLocale();
  const draft = useDraft(DRAFT, { provider: "", amount: "" });
  useLinked(draft.set);
  const [tried, setTried] = useState(false);
  const failure = useFailure();
  const chosen =
    providers.find(({ provider }) => provider === draft.value.provider) ?? providers[0];
  if (!chosen) return null;
  const parsed = parseAmount(draft.value.amount, locale, boundsOf(chosen));
  const name = providerName(chosen.provider);

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isClosed || pay.busy || !chosen) return;
    setTried(true);
    if (parsed.ok) return pay.start((client) => begin(client, chosen, parsed.value));
    const field = event.currentTarget.elements.namedItem("amount");
    if (field instanceof HTMLInputElement) field.focus();
  }

  return (
    <form className="flex flex-col gap-6" noValidate onSubmit={onSubmit}>
      <ProviderChoice
        providers={providers}
        chosen={chosen}
        onChoose={({ provider }) => draft.set({ provider })}
      />
      <Amount
        provider={chosen}
        typed={draft.value.amount}
        parsed={parsed}
        showsProblem={tried}
        disabled={pay.busy}
        onType={(amount) => draft.set({ amount })}
        onLeave={() => setTried(draft.value.amount.trim() !== "")}
      />
      {pay.error !== null && (
        <Banner tone="bad" role="alert">
          {failure(pay.error, name)}
        </Banner>
      )}
      {pay.already !== null && parsed.ok && (
        <Already paymentId={pay.already} provider={chosen} amount={parsed.value} pay={pay} />
      )}
      <div className="flex flex-col gap-3">
        <Button type="submit" variant="primary" busy={pay.busy} disabled={isClosed}>
          {pay.busy
            ? t("preparing")
            : chosen.publishable_key === null
              ? t("continue_to", { name })
              : t("continue")}
        </Button>
        {chosen.publishable_key === null && (
          <p className="text-sm text-ink-soft">{t("hosted_note", { name })}</p>
        )}
      </div>
    </form>
  );
}

/** A link may name provider and amount. They leave the address, so that what is typed later stays. */
function useLinked(set: (linked: { provider?: string; amount: string }) => void) {
  const [params, setParams] = useSearchParams();
  const [provider, amount] = [params.get("provider"), params.get("amount")];
  useEffect(() => {
    if (amount === null) return;
    set({ amount, ...(provider === null ? {} : { provider }) });
    const rest = new URLSearchParams(params);
    rest.delete("provider");
    rest.delete("amount");
    setParams(rest, { replace: true });
  }, [provider, amount, params, set, setParams]);
}

interface AlreadyProps {
  paymentId: string;
  provider: Provider;
  amount: string;
  pay: Pay;
}

/** The form's payment was paid before, in another tab or before a reload. */
function Already({ paymentId, provider, amount, pay }: AlreadyProps) {
  const { t } = useTranslation("top-up");
  const money = useMoney()(amount, currencyOf(provider));
  return (
    <Banner tone="info" role="alert" title={t("already.title")}>
      <p>{t("already.text", { amount: money })}</p>
      <div className="mt-3 flex flex-wrap gap-3">
        <LinkButton to={returnPath(paymentId)}>{t("already.see")}</LinkButton>
        <Button
          busy={pay.busy}
          onClick={() => {
            forget({ paymentId });
            pay.start((client) => begin(client, provider, amount));
          }}
        >
          {t("already.again", { amount: money })}
        </Button>
      </div>
    </Banner>
  );
}
