import { useInfiniteQuery } from "@tanstack/react-query";
import type { BalanceResponse, Hold } from "@billing/client";
import type { ReactNode } from "react";

import { useTranslation } from "../i18n/use-translation";
import { keys, useBalance } from "../queries";
import { useClient } from "../session/context";
import { Known } from "../ui/away";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Empty } from "../ui/empty";
import { Money, useMoney } from "../ui/money";
import { Page } from "../ui/page";
import { Skeleton } from "../ui/skeleton";
import { Age, Time, useNow } from "../ui/time";
import { together } from "../ui/together";

const PAGE = 50;
/** Holds last for seconds or minutes. */
const REFRESH_MS = 10_000;

export default function Holds() {
  const { t } = useTranslation("holds");
  const balance = useBalance();
  const holds = useHolds();
  const more = holds.hasNextPage && (
    <p className="pt-4 text-center">
      <Button busy={holds.isFetchingNextPage} onClick={() => void holds.fetchNextPage()}>
        {t("more")}
      </Button>
    </p>
  );
  const isOneKnown = (balance.data === undefined) !== (holds.data === undefined);
  return (
    <Page title={t("title")}>
      <p className="max-w-prose text-ink-soft">{t("intro")}</p>
      {isOneKnown ? (
        <>
          <Known query={balance} skeleton={<Skeleton className="h-32" />}>
            {({ billing }) => <Total billing={billing} />}
          </Known>
          <Known query={holds} skeleton={<Skeleton className="h-64" />}>
            {({ pages }) => <List holds={pages.flatMap((page) => page.holds)} more={more} />}
          </Known>
        </>
      ) : (
        // One word for both, above what it holds for.
        <Known query={together(balance, holds)} skeleton={<HoldsSkeleton />}>
          {([{ billing }, { pages }]) => (
            <div className="flex flex-col gap-6">
              <Total billing={billing} />
              <List holds={pages.flatMap((page) => page.holds)} more={more} />
            </div>
          )}
        </Known>
      )}
    </Page>
  );
}

function HoldsSkeleton() {
  return (
    <div className="flex flex-col gap-6">
      <Skeleton className="h-32" />
      <Skeleton className="h-64" />
    </div>
  );
}

function useHolds() {
  const client = useClient();
  return useInfiniteQuery({
    queryKey: keys.holds,
    queryFn: ({ pageParam }) => client.getHolds({ limit: PAGE, before: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ pagination }) => pagination.next_before ?? undefined,
    refetchInterval: REFRESH_MS,
  });
}

function Total({ billing }: Pick<BalanceResponse, "billing">) {
  const { t } = useTranslation("holds");
  const money = useMoney();
  return (
    <Card>
      <p className="text-ink-soft">{t("total")}</p>
      <p className="text-4xl font-semibold tracking-tight">
        <Money amount={billing.held_usd} />
      </p>
      <p className="text-ink-soft">{t("of", { balance: money(billing.balance_usd) })}</p>
    </Card>
  );
}

function List({ holds, more }: { holds: Hold[]; more: ReactNode }) {
  const { t } = useTranslation("holds");
  return (
    <Card>
      {holds.length === 0 ? (
        <Empty title={t("empty")}>{t("empty_text")}</Empty>
      ) : (
        <ul aria-label={t("list")} className="divide-y divide-line">
          {holds.map((hold) => (
            <Row key={hold.hold_id} hold={hold} />
          ))}
        </ul>
      )}
      {more}
    </Card>
  );
}

function Row({ hold }: { hold: Hold }) {
  const { t } = useTranslation("holds");
  return (
    <li className="flex flex-col gap-1 py-4 first:pt-0 last:pb-0">
      <p className="flex flex-wrap items-baseline justify-between gap-x-4">
        <span className="min-w-0 wrap-anywhere">{hold.tool ?? t("by_amount")}</span>
        <Money amount={hold.amount_usd} exact className="font-medium" />
      </p>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 text-sm text-ink-soft">
        <Detail name={t("since")}>
          <Time at={hold.created_at} style="short" />
        </Detail>
        <Detail name={t("until")}>
          <Until at={hold.expires_at} />
        </Detail>
        {hold.request_id && <Detail name={t("request")}>{hold.request_id}</Detail>}
      </dl>
    </li>
  );
}

function Detail({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap gap-x-1.5">
      <dt>{name}</dt>
      <dd className="wrap-anywhere text-ink">{children}</dd>
    </div>
  );
}

function Until({ at }: { at: string }) {
  const { t } = useTranslation("holds");
  const overdue = new Date(at).getTime() <= useNow();
  return (
    <>
      <Time at={at} style="short" /> ({overdue ? t("releasing") : <Age at={at} />})
    </>
  );
}
