import { formatTime, type Payment, type Transaction } from "@billing/client";
import { useQuery } from "@tanstack/react-query";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { keys, useZone } from "../queries";
import { useClient } from "../session/context";
import { useMoney } from "../ui/money";
import { paidAlso } from "./outcome";

/** It stands in the history: only here the page says that the balance has it. */
export function Credited({ payment, entry }: { payment: Payment; entry: Transaction }) {
  const { t } = useTranslation("top-up");
  const money = useMoney();
  return (
    <>
      <h2 className="text-xl font-semibold">
        {t("return.credited.title", { amount: money(entry.amount_usd) })}
      </h2>
      <p>
        {t("return.credited.text", {
          before: money(entry.balance_before_usd),
          after: money(entry.balance_after_usd),
        })}{" "}
        {payment.currency !== "USD" &&
          t("return.credited.from_uah", {
            paid: money(payment.received ?? payment.amount, payment.currency),
          })}
      </p>
      <Twice payment={payment} />
    </>
  );
}

/** In two tabs, or once more after a doubt: both count, and the user should know. */
function Twice({ payment }: { payment: Payment }) {
  const { t } = useTranslation("top-up");
  const client = useClient();
  const locale = useLocale();
  const zone = useZone();
  const money = useMoney();
  const { data } = useQuery({
    queryKey: keys.payments,
    queryFn: () => client.listPayments({ limit: 20 }),
  });
  const other = data && paidAlso(payment, data.payments);
  if (!other) return null;
  return (
    <p className="font-medium text-warn">
      {t("return.twice", {
        amount: money(other.amount, other.currency),
        when: formatTime(other.succeeded_at ?? other.created_at, locale, zone, "short"),
      })}
    </p>
  );
}
