import { useCallback } from "react";
import { useSearchParams } from "react-router";

import { useTranslation } from "../i18n/use-translation";
import { useZone } from "../queries";
import { Known } from "../ui/away";
import { Banner } from "../ui/banner";
import { Button, LinkButton } from "../ui/button";
import { Card } from "../ui/card";
import { Empty } from "../ui/empty";
import { Page } from "../ui/page";
import { Skeleton } from "../ui/skeleton";
import { Status } from "../ui/status";
import { useNow } from "../ui/time";
import { today as todayOf } from "../usage/days";
import { CsvButton } from "./csv-button";
import { FilterBar } from "./filter-bar";
import { type Filters, isBackwards, isFiltered, readFilters, writeFilters } from "./filters";
import { useHistory, useNewer } from "./history";
import { Table } from "./table";

/** All that was booked, newest first. What is filtered is in the address. */
export default function TransactionsPage() {
  const { t } = useTranslation("transactions");
  const [params, setParams] = useSearchParams();
  const zone = useZone();
  const today = todayOf(zone, useNow());
  const filters = readFilters(params);
  return (
    <Page title={t("title")} actions={<CsvButton filters={filters} today={today} />}>
      <FilterBar
        filters={filters}
        today={today}
        onChange={(next) => setParams(writeFilters(next, params), { replace: true })}
      />
      {/* Other filters are another list: nothing of the former is open or in focus. */}
      {!isBackwards(filters) && (
        <List key={JSON.stringify(filters)} filters={filters} zone={zone} />
      )}
    </Page>
  );
}

function List({ filters, zone }: { filters: Filters; zone: string }) {
  const { t } = useTranslation("transactions");
  const history = useHistory(filters);
  const { rows, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = history;
  const hasNewer = useNewer(filters, rows, history.isSuccess);
  // After a failure the user decides: it would be tried without an end.
  const waits = isFetchingNextPage || isFetchNextPageError;
  const onNearEnd = useCallback(() => {
    if (!waits) void fetchNextPage();
  }, [waits, fetchNextPage]);
  // That more cannot be loaded says nothing of what is there; loading that again would load all of it.
  const known = isFetchNextPageError ? { ...history, error: null } : history;
  return (
    <Known query={known} skeleton={<Skeleton className="h-128" />}>
      {() => (
        <>
          {hasNewer && (
            <Banner
              tone="info"
              role="status"
              action={<Button onClick={() => void history.startAnew()}>{t("reload")}</Button>}
            >
              {t("newer")}
            </Banner>
          )}
          <Card>
            {rows.length === 0 ? (
              <Nothing filtered={isFiltered(filters)} />
            ) : (
              <>
                <div className="-mx-3 sm:mx-0">
                  <Table rows={rows} zone={zone} hasMore={hasNextPage} onNearEnd={onNearEnd} />
                </div>
                <div className="flex flex-wrap items-center justify-between gap-3 px-2 pt-4">
                  <Shown count={rows.length} hasMore={hasNextPage} zone={zone} />
                  <Status tone="bad">{isFetchNextPageError && t("more_failed")}</Status>
                  {hasNextPage && (
                    <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                      {t(isFetchingNextPage ? "loading_more" : "more")}
                    </Button>
                  )}
                </div>
              </>
            )}
          </Card>
        </>
      )}
    </Known>
  );
}

function Shown({ count, hasMore, zone }: { count: number; hasMore: boolean; zone: string }) {
  const { t, i18n } = useTranslation("transactions");
  const shown = count.toLocaleString(i18n.language);
  return (
    <p className="text-sm text-ink-soft">
      {t(hasMore ? "shown_more" : "shown", { count, shown })}. {t("zone", { zone })}
    </p>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const { t } = useTranslation("transactions");
  if (filtered) return <Empty title={t("nothing.title")}>{t("nothing.text")}</Empty>;
  const action = (
    <LinkButton variant="primary" to="/top-up">
      {t("empty.top_up")}
    </LinkButton>
  );
  return (
    <Empty title={t("empty.title")} action={action}>
      {t("empty.text")}
    </Empty>
  );
}
