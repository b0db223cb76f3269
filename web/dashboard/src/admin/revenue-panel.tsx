import { fromMicros } from "@billing/client";
import { providerName } from "../provider";
import { BarChart } from "../ui/bar-chart";
import { useNow } from "../ui/time";
import type { RevenueOfDay } from "./api";
import { Answer } from "./parts/answer";
import { Card } from "../ui/card";
import { type Column, Table } from "./parts/table";
import { revenueBars, revenueByCurrency, type RevenueOfCurrency } from "./revenue";
import { useAdmin } from "./use-admin";
import { useWords } from "./words";

export function Revenue({ days }: { days: number }) {
  const { t, cents, round, money, day } = useWords();
  const now = useNow();
  const revenue = useAdmin<{ chart: RevenueOfDay[] }>("/api/admin/stats/revenue-chart", { days });
  const columns: Column<RevenueOfCurrency>[] = [
    {
      head: t("overview.provider"),
      cell: (row) => `${providerName(row.provider)}, ${row.currency}`,
    },
    { head: t("overview.received"), end: true, cell: (row) => money(row.received, row.currency) },
    { head: t("overview.refunded"), end: true, cell: (row) => money(row.refunded, row.currency) },
    {
      head: t("overview.disputed"),
      end: true,
      cell: (row) => money(row.disputed, row.currency),
    },
  ];

  return (
    <Card title={t("overview.revenue")}>
      <Answer query={revenue}>
        {({ chart }) =>
          chart.length === 0 ? (
            <p className="text-ink-soft">{t("overview.noRevenue")}</p>
          ) : (
            <>
              <BarChart
                bars={revenueBars(chart, days, new Date(now), day)}
                format={(value) => cents(fromMicros(value))}
                formatTick={(value) => round(fromMicros(value))}
                caption={t("overview.revenueCaption")}
                tableHead={[t("overview.day"), t("overview.net")]}
              />
              <h3 className="mt-5 mb-2 text-sm font-medium">{t("overview.byProvider")}</h3>
              <Table
                caption={t("overview.byProvider")}
                columns={columns}
                rows={revenueByCurrency(chart)}
                rowKey={(row) => `${row.provider} ${row.currency}`}
              />
            </>
          )
        }
      </Answer>
    </Card>
  );
}
