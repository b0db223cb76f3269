import { formatTime, toMicros, type Transaction } from "@billing/client";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { keys } from "../queries";
import { useClient } from "../session/context";
import { providerName } from "../provider";
import { Money, useMoney } from "../ui/money";
import { Copy } from "./copy";

/** Everything that is known of a transaction. What it does not have is not listed. */
export function Details({ transaction, zone }: { transaction: Transaction; zone: string }) {
  const { t } = useTranslation("transactions");
  const locale = useLocale();
  const of = transaction;
  return (
    <div className="px-2 pt-4 pb-5 sm:pl-8">
      {!of.enforced && <p className="pb-3 text-sm text-ink-soft">{t("details.unenforced")}</p>}
      <dl className="grid gap-x-8 gap-y-3 text-[0.9375rem] sm:grid-cols-2">
        <Item name={t("column.time")}>{formatTime(of.created_at, locale, zone, "second")}</Item>
        <Item name={t("details.description")}>{of.description}</Item>
        <Item name={t("details.tool")}>{of.tool}</Item>
        <Item name={t("details.before")}>
          <Money amount={of.balance_before_usd} exact />
        </Item>
        <Item name={t("details.after")}>
          <Money amount={of.balance_after_usd} exact />
        </Item>
        <Item name={t("details.uah")}>
          {of.amount_uah !== null && <Money amount={of.amount_uah} currency="UAH" signed />}
        </Item>
        <Item name={t("details.price")}>{of.price_version}</Item>
        <Id name={t("details.request")} id={of.request_id} />
        <Id name={t("details.hold")} id={of.hold_id} />
        <Id name={t("details.id")} id={of.id} />
        <Id name={t("details.payment")} id={of.payment_id} />
        {of.payment_provider && of.payment_id && (
          <PaymentState provider={of.payment_provider} id={of.payment_id} />
        )}
        {Object.entries(of.metadata).map(([name, value]) => (
          <Item key={name} name={name}>
            {value}
          </Item>
        ))}
      </dl>
    </div>
  );
}

function Item({ name, children }: { name: string; children: ReactNode }) {
  if (children === null || children === undefined || children === false) return null;
  return (
    <div className="min-w-0">
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}

function Id({ name, id }: { name: string; id: string | null }) {
  if (id === null) return null;
  return (
    <Item name={name}>
      <span className="flex items-center gap-1">
        <code className="min-w-0 font-mono text-sm break-all">{id}</code>
        <Copy text={id} name={name} />
      </span>
    </Item>
  );
}

/** How the payment behind it stands now: it may have been refunded since. */
function PaymentState({ provider, id }: { provider: string; id: string }) {
  const { t } = useTranslation("transactions");
  const client = useClient();
  const money = useMoney();
  const { data: payment, error } = useQuery({
    queryKey: keys.payment(provider, id),
    queryFn: () => client.getPaymentStatus(provider, id),
  });
  const given = (amount: string, text: string) =>
    payment && toMicros(amount) > 0n ? t(text, { amount: money(amount, payment.currency) }) : null;
  const parts = payment && [
    t(`status.${payment.status}`),
    given(payment.refunded, "refunded"),
    given(payment.disputed, "disputed"),
  ];
  return (
    <>
      <Item name={t("details.provider")}>
        {providerName(provider)}
        {payment && <> · {money(payment.amount, payment.currency)}</>}
      </Item>
      <Item name={t("details.status")}>
        {parts ? parts.filter(Boolean).join(", ") : error ? t("details.status_away") : "…"}{" "}
        <Link
          className="text-accent underline underline-offset-4"
          to={`/top-up/return?payment=${encodeURIComponent(id)}`}
        >
          {t("details.see")}
        </Link>
      </Item>
    </>
  );
}
