import { convert, formatRate } from "@billing/client";
import type { BalanceResponse, ShownRate } from "@billing/client";
import { Plus } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { useProviders } from "../queries";
import { LinkButton } from "../ui/button";
import { Money, useMoney } from "../ui/money";
import { Skeleton } from "../ui/skeleton";
import { useAge } from "../ui/time";

/** What may be spent, as the big figure, and what it is made of. */
export function BalanceCard({ known }: { known: BalanceResponse }) {
  const { t } = useTranslation("overview");
  const { billing } = known;
  return (
    <section
      aria-labelledby="available"
      className="rounded-2xl border border-line bg-surface p-5 sm:p-8"
    >
      <h2 id="available" className="text-ink-soft">
        {t("available")}
      </h2>
      <Figure amount={billing.available_usd} />
      {billing.uah_rate ? (
        <InHryvnias amount={billing.available_usd} rate={billing.uah_rate} />
      ) : (
        <p className="mt-2 text-ink-soft">{t("available_text")}</p>
      )}
      {!known.payments_paused && <QuickTopUp />}
      <dl className="mt-7 grid gap-5 border-t border-line pt-6 sm:grid-cols-3">
        <Part name={t("settled")} amount={billing.balance_usd}>
          {t("settled_text")}
        </Part>
        <Part name={t("held")} amount={billing.held_usd}>
          {t("held_text")}{" "}
          <Link to="/holds" className="text-accent underline underline-offset-2">
            {t("held_link")}
          </Link>
        </Part>
        <Part name={t("debt")} amount={billing.debt_usd}>
          {t("debt_text")}
        </Part>
      </dl>
    </section>
  );
}

/** As large as the narrowest page holds it. */
function Figure({ amount }: { amount: string }) {
  const length = useMoney()(amount).length;
  const size = length <= 8 ? "text-5xl" : length <= 10 ? "text-4xl" : "text-2xl";
  return (
    <p className={`${size} font-semibold tracking-tight sm:text-6xl`}>
      <Money amount={amount} />
    </p>
  );
}

function Part({ name, amount, children }: { name: string; amount: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className="text-xl font-semibold">
        <Money amount={amount} />
      </dd>
      <dd className="text-sm text-ink-soft">{children}</dd>
    </div>
  );
}

const SOURCES = new Set(["nbu", "static"]);

function InHryvnias({ amount, rate }: { amount: string; rate: ShownRate }) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const money = useMoney();
  const age = useAge(rate.fetched_at, locale);
  const source = SOURCES.has(rate.source) ? t(`source.${rate.source}`) : rate.source;
  return (
    <p className="figures mt-2 text-ink-soft">
      <span className="text-ink">
        {t("uah", {
          amount: money(convert(amount, rate.rate), "UAH"),
          rate: formatRate(rate.rate, locale),
        })}
      </span>{" "}
      <span className="text-sm">({t("uah_age", { source, age })})</span>
    </p>
  );
}

/** The way to more money, with the amounts of the first provider. */
function QuickTopUp() {
  const { t } = useTranslation("overview");
  const money = useMoney();
  const providers = useProviders();
  const first = providers.data?.providers[0];
  const currency = first?.currencies[0];
  return (
    <div className="mt-6 flex flex-wrap gap-2">
      <LinkButton to="/top-up" variant="primary" icon={<Plus size={18} aria-hidden />}>
        {t("top_up")}
      </LinkButton>
      {providers.isPending && [0, 1, 2].map((at) => <Skeleton key={at} className="h-11 w-16" />)}
      {first &&
        currency &&
        first.presets.slice(0, 3).map((amount) => (
          <LinkButton
            key={amount}
            to={`/top-up?provider=${first.provider}&amount=${amount}`}
            aria-label={t("top_up_amount", { amount: money(amount, currency, { short: true }) })}
          >
            <Money amount={amount} currency={currency} short />
          </LinkButton>
        ))}
    </div>
  );
}
