import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import type { Bar } from "../ui/bar";
import { BarChart } from "../ui/bar-chart";
import { writeDay } from "./days";
import { type Day, total } from "./series";
import { writeSpent } from "./tables";

interface DayBar extends Bar {
  requests: number;
}

/** What was spent on each day; a day of refunds hangs below the line. */
export function DayChart({ days }: { days: readonly Day[] }) {
  const { t } = useTranslation("usage");
  const locale = useLocale();
  const sum = total(days);
  const bars = days.map(({ date, micros, requests }): DayBar => ({
    key: date,
    label: writeDay(date, locale, "short"),
    name: writeDay(date, locale, "long"),
    value: micros,
    requests,
  }));
  const ends = { from: bars[0]?.name ?? "", to: bars.at(-1)?.name ?? "" };
  const spent = (micros: bigint) => writeSpent(micros, locale);
  return (
    <BarChart
      // Another range is another chart: the chosen day of the former means nothing in it.
      key={`${ends.from} ${ends.to}`}
      bars={bars}
      formatTick={spent}
      label={t("chart.label", ends)}
      describe={({ name, value, requests }) =>
        value === 0n && requests === 0
          ? t("chart.nothing", { date: name })
          : t("chart.day", { date: name, spent: spent(value), count: requests })
      }
      caption={t("chart.caption")}
      head={t("column.day")}
      columns={[
        { head: t("column.calls"), cell: ({ requests }) => requests.toLocaleString(locale) },
        { head: t("column.spent"), cell: ({ value }) => spent(value) },
      ]}
      foot={[t("sum"), sum.requests.toLocaleString(locale), spent(sum.micros)]}
    />
  );
}
