import { fromMicros } from "@billing/client";
import { providerName } from "../provider";
import { type Bar, partNames, partOf } from "../ui/bar";
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
  const { t, money, day } = useWords();
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
              <RevenueChart bars={revenueBars(chart, days, new Date(now), day)} />
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

/** A column for each provider, and their sum. */
function RevenueChart({ bars }: { bars: Bar[] }) {
  const { t, cents, round } = useWords();
  const write = (value: bigint) => cents(fromMicros(value));
  const providers = partNames(bars);
  return (
    <BarChart
      bars={bars}
      formatTick={(value) => round(fromMicros(value))}
      label={t("overview.revenueCaption")}
      describe={(bar) =>
        [
          `${bar.name}: ${write(bar.value)}`,
          ...(bar.parts ?? []).map((part) => `${part.name} ${write(part.value)}`),
        ].join(", ")
      }
      caption={t("overview.revenueCaption")}
      head={t("overview.day")}
      columns={[
        ...providers.map((name) => ({ head: name, cell: (bar: Bar) => write(partOf(bar, name)) })),
        { head: t("overview.net"), cell: (bar: Bar) => write(bar.value) },
      ]}
    />
  );
}
