import type { Provider } from "@billing/client";
import type { Stripe, StripeElements } from "@stripe/stripe-js";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useHref, useNavigate } from "react-router";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { Banner } from "../ui/banner";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { useMoney } from "../ui/money";
import { Skeleton } from "../ui/skeleton";
import { payHosted } from "./go";
import { type Declined, type Refusal, refusal } from "./stripe";
import { type Pay, returnPath } from "./use-pay";

interface Props {
  card: NonNullable<Pay["card"]>;
  providers: readonly Provider[];
  pay: Pay;
}

/** Stripe's own fields in a frame of Stripe's: no card number passes through this page. */
export function CardForm({ card, providers, pay }: Props) {
  const { t } = useTranslation("top-up");
  const { attempt } = card;
  const provider = providers.find((known) => known.provider === attempt.provider);
  const amount = useMoney()(attempt.amount, attempt.currency);
  const { mount, elements, isReady } = usePaymentElement(card.stripe, card.clientSecret, () => {
    if (provider) pay.start((client) => payHosted(client, provider, attempt.amount));
  });
  const { confirm, paying, declined } = useConfirm(card, elements, pay.reset);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void confirm();
  }

  return (
    <Card title={t("card.title", { amount })}>
      <form className="flex flex-col gap-5" onSubmit={onSubmit}>
        {!isReady && (
          <div role="status">
            <span className="sr-only">{t("card.loading")}</span>
            <Skeleton className="h-64" />
          </div>
        )}
        <div ref={mount} />
        {declined && (
          <Banner tone="bad" role="alert">
            {t(`declined.${declined}`)}
          </Banner>
        )}
        <p className="text-sm text-ink-soft">{t("card.secure")}</p>
        <div className="flex flex-col gap-3 sm:flex-row-reverse">
          <Button
            type="submit"
            variant="primary"
            className="sm:flex-1"
            busy={paying || pay.busy}
            disabled={!isReady}
          >
            {paying ? t("card.paying") : t("card.pay", { amount })}
          </Button>
          <Button busy={paying || pay.busy} onClick={pay.reset}>
            {t("card.change")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

/** `onBroken`: Stripe's frame cannot be shown. */
function usePaymentElement(stripe: Stripe, clientSecret: string, onBroken: () => void) {
  const locale = useLocale();
  const mount = useRef<HTMLDivElement>(null);
  const broken = useRef(onBroken);
  const [elements, setElements] = useState<StripeElements | null>(null);
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    broken.current = onBroken;
  });
  useEffect(() => {
    if (!mount.current) return;
    const theme = isDark() ? "night" : "stripe";
    // Stripe has no Ukrainian: the browser's own language is the next best.
    const options = { clientSecret, appearance: { theme } as const };
    const made = stripe.elements({ ...options, locale: locale === "en" ? "en" : "auto" });
    const element = made.create("payment");
    element.on("ready", () => setReady(true));
    element.on("loaderror", () => broken.current());
    element.mount(mount.current);
    setElements(made);
    return () => element.destroy();
  }, [stripe, clientSecret, locale]);
  return { mount, elements, isReady };
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function useConfirm(card: Props["card"], elements: StripeElements | null, onDone: () => void) {
  const navigate = useNavigate();
  const path = returnPath(card.paymentId);
  const href = useHref(path);
  const [paying, setPaying] = useState(false);
  const [declined, setDeclined] = useState<Declined | null>(null);
  // A second click may come before the first one has been drawn.
  const running = useRef(false);

  async function confirm() {
    if (!elements || running.current) return;
    running.current = true;
    setPaying(true);
    setDeclined(null);
    const return_url = new URL(href, window.location.href).href;
    const refused = await confirmed(card.stripe, elements, return_url);
    running.current = false;
    setPaying(false);
    if (refused?.kind === "field") return;
    if (refused?.kind === "declined") return setDeclined(refused.reason);
    // Whatever Stripe says here, only the payment's own page says that it was paid.
    onDone();
    void navigate(refused ? path : `${path}&redirect_status=succeeded`);
  }

  return { confirm, paying, declined };
}

async function confirmed(
  stripe: Stripe,
  elements: StripeElements,
  return_url: string,
): Promise<Refusal | undefined> {
  try {
    const confirmParams = { return_url };
    const { error } = await stripe.confirmPayment({
      elements,
      confirmParams,
      redirect: "if_required",
    });
    return error && refusal(error);
  } catch {
    return { kind: "look" };
  }
}
