import { useInfiniteQuery } from "@tanstack/react-query";
import type { Hold } from "@billing/client";
import { useTranslation } from "react-i18next";

import { keys, useBalance } from "../queries";
import { useClient } from "../session/context";
import { Known } from "../ui/away";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Empty } from "../ui/empty";
import { Money, useMoney } from "../ui/money";
import { Page } from "../ui/page";
import { Skeleton } from "../ui/skeleton";
import { Table, Td, Th } from "../ui/table";
import { Age, Time, useNow } from "../ui/time";

const PAGE = 50;
/** Holds last for seconds or minutes. */
const REFRESH_MS = 10_000;

export default function Holds() {
  const { t } = useTranslation("holds");
  const holds = useHolds();
  return (
    <Page title={t("title")}>
      <p className="max-w-prose text-ink-soft">{t("intro")}</p>
      <Total />
      <Card>
        <Known query={holds} skeleton={<Skeleton className="h-64" />}>
          {({ pages }) => <List holds={pages.flatMap((page) => page.holds)} />}
        </Known>
        {holds.hasNextPage && (
          <p className="pt-4 text-center">
            <Button busy={holds.isFetchingNextPage} onClick={() => void holds.fetchNextPage()}>
              {t("more")}
            </Button>
          </p>
        )}
      </Card>
    </Page>
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

function Total() {
  const { t } = useTranslation("holds");
  const money = useMoney();
  const balance = useBalance();
  return (
    <Card>
      <Known query={balance} skeleton={<Skeleton className="h-20" />}>
        {({ billing }) => (
          <>
            <p className="text-ink-soft">{t("total")}</p>
            <p className="text-4xl font-semibold tracking-tight">
              <Money amount={billing.held_usd} />
            </p>
            <p className="text-ink-soft">{t("of", { balance: money(billing.balance_usd) })}</p>
          </>
        )}
      </Known>
    </Card>
  );
}

function List({ holds }: { holds: Hold[] }) {
  const { t } = useTranslation("holds");
  if (holds.length === 0) return <Empty title={t("empty")}>{t("empty_text")}</Empty>;
  return (
    <Table
      caption={t("list")}
      head={
        <>
          <Th>{t("tool")}</Th>
          <Th number>{t("amount")}</Th>
          <Th>{t("since")}</Th>
          <Th>{t("until")}</Th>
        </>
      }
    >
      {holds.map((hold) => (
        <Row key={hold.hold_id} hold={hold} />
      ))}
    </Table>
  );
}

function Row({ hold }: { hold: Hold }) {
  const { t } = useTranslation("holds");
  const now = useNow();
  const overdue = new Date(hold.expires_at).getTime() <= now;
  return (
    <tr>
      <Td className="min-w-40">
        {hold.tool ?? hold.description ?? t("by_amount")}
        {hold.request_id && (
          <span className="block text-sm break-all text-ink-soft">
            {t("request", { id: hold.request_id })}
          </span>
        )}
      </Td>
      <Td number>
        <Money amount={hold.amount_usd} exact />
      </Td>
      <Td className="min-w-32">
        <Time at={hold.created_at} style="short" />
      </Td>
      <Td className="min-w-32">
        <Time at={hold.expires_at} style="short" />
        <span className="block text-sm text-ink-soft">
          {overdue ? t("releasing") : <Age at={hold.expires_at} />}
        </span>
      </Td>
    </tr>
  );
}
