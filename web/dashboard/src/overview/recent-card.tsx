import { toMicros } from "@billing/client";
import type { Transaction } from "@billing/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { useTranslation } from "../i18n/use-translation";
import { keys, RECENT, REFRESH_MS } from "../queries";
import { useClient } from "../session/context";
import { Known } from "../ui/away";
import { Card } from "../ui/card";
import { Empty } from "../ui/empty";
import { Money } from "../ui/money";
import { Skeleton } from "../ui/skeleton";
import { Time } from "../ui/time";

export function RecentCard() {
  const { t } = useTranslation("overview");
  const recent = useRecent();
  return (
    <Card
      title={t("recent.title")}
      actions={
        <Link
          to="/transactions"
          className="-my-2 flex min-h-11 items-center text-accent underline-offset-2 hover:underline"
        >
          {t("recent.all")}
        </Link>
      }
    >
      <Known query={recent} skeleton={<Skeleton className="h-80" />}>
        {({ transactions }) =>
          transactions.length === 0 ? (
            <Empty title={t("recent.empty")}>{t("recent.empty_text")}</Empty>
          ) : (
            <ul className="divide-y divide-line">
              {transactions.map((transaction) => (
                <Row key={transaction.id} transaction={transaction} />
              ))}
            </ul>
          )
        }
      </Known>
    </Card>
  );
}

function Row({ transaction }: { transaction: Transaction }) {
  const { t } = useTranslation("overview");
  const { type, tool, description, amount_usd, created_at } = transaction;
  const isIncome = toMicros(amount_usd) > 0n;
  // A payment that was taken back is a refund too, but not of a charge.
  const kind = t(type === "refund" && toMicros(amount_usd) < 0n ? "type.reversed" : `type.${type}`);
  const name = tool ?? description;
  return (
    <li className="flex items-start justify-between gap-4 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="truncate">{name ?? kind}</p>
        <p className="text-sm text-ink-soft">
          {name !== null && `${kind} · `}
          <Time at={created_at} style="short" />
        </p>
      </div>
      <Money
        amount={amount_usd}
        signed
        exact
        className={isIncome ? "font-medium text-good" : "font-medium"}
      />
    </li>
  );
}

/** Asked for beside the balance, though shown after it. */
export function useRecent() {
  const client = useClient();
  return useQuery({
    queryKey: keys.history(RECENT),
    queryFn: () => client.getHistory(RECENT),
    refetchInterval: REFRESH_MS,
  });
}
