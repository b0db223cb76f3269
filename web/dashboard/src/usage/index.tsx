import type { UsageResponse } from "@billing/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "react-router";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { keys, useZone, useZoneIsFinal } from "../queries";
import { useClient } from "../session/context";
import { Known } from "../ui/away";
import { Card } from "../ui/card";
import { Empty } from "../ui/empty";
import { Page } from "../ui/page";
import { Skeleton } from "../ui/skeleton";
import { useNow } from "../ui/time";
import { DayChart } from "./day-chart";
import { addDays, today as todayOf } from "./days";
import { RangePicker } from "./range-picker";
import { rangeDays, readRange, writeRange } from "./range";
import { average, type Day, everyDay, total } from "./series";
import { ToolTable, writeSpent } from "./tables";

interface Days {
  from: string;
  to: string;
}

/** What was spent, by day and by tool. The range is in the address. */
export default function UsagePage() {
  const { t } = useTranslation("usage");
  const [params, setParams] = useSearchParams();
  const today = todayOf(useZone(), useNow());
  const range = readRange(params, today);
  const usage = useUsage(rangeDays(range, today), today);
  return (
    <Page title={t("title")}>
      <RangePicker
        range={range}
        today={today}
        onChange={(next) => setParams(writeRange(next), { replace: true })}
      />
      <Known query={usage} skeleton={<Skeleton className="h-112" />}>
        {({ usage: used, days }) => (
          <div aria-busy={usage.isPlaceholderData} className="aria-busy:opacity-60">
            <Used usage={used} days={days} />
          </div>
        )}
      </Known>
    </Page>
  );
}

function useUsage(days: Days, today: string) {
  const client = useClient();
  // The present day is not over: without an end the service answers up to now.
  const to = days.to >= today ? undefined : addDays(days.to, 1);
  // In another zone it may be another day: its sums would be asked for, shown, and replaced a moment later.
  const enabled = useZoneIsFinal();
  return useQuery({
    queryKey: keys.usage(days.from, days.to),
    // The days stay with their sums: what is shown while others are loaded is not of these.
    queryFn: async () => ({ ...(await client.getUsage({ from: days.from, to })), days }),
    placeholderData: keepPreviousData,
    enabled,
  });
}

function Used({ usage, days }: { usage: UsageResponse["usage"]; days: Days }) {
  const { t } = useTranslation("usage");
  const each = useMemo(() => everyDay(days.from, days.to, usage.by_day), [days, usage.by_day]);
  const isEmpty = usage.by_day.length === 0 && usage.by_tool.length === 0;
  return (
    <div className="flex flex-col gap-6">
      <Sums days={each} />
      <Card title={t("chart.title")}>
        <p className="text-sm text-ink-soft">
          {t("zone", { zone: usage.time_zone })} {t("refunds_note")}
        </p>
        {isEmpty ? (
          <Empty title={t("empty.title")}>{t("empty.text")}</Empty>
        ) : (
          <DayChart days={each} />
        )}
      </Card>
      {usage.by_tool.length > 0 && (
        <Card title={t("tools.title")}>
          <ToolTable tools={usage.by_tool} days={days} />
        </Card>
      )}
    </div>
  );
}

function Sums({ days }: { days: readonly Day[] }) {
  const { t } = useTranslation("usage");
  const locale = useLocale();
  const sum = total(days);
  const mean = average(sum);
  const figures = [
    [t("total.spent"), writeSpent(sum.micros, locale)],
    [t("total.calls"), sum.requests.toLocaleString(locale)],
    [t("total.average"), mean === undefined ? t("total.none") : writeSpent(mean, locale)],
  ];
  return (
    <dl className="grid gap-x-8 gap-y-3 sm:grid-cols-3">
      {figures.map(([label, figure]) => (
        <div key={label}>
          <dt className="text-ink-soft">{label}</dt>
          <dd className="figures text-2xl font-semibold tracking-tight">{figure}</dd>
        </div>
      ))}
    </dl>
  );
}
