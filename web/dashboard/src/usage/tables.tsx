import { formatMoney, fromMicros, type Locale, toMicros, type UsageOfTool } from "@billing/client";
import { Link } from "react-router";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { Table, Td, Th } from "../ui/table";
import { share, total } from "./series";

/** Every decimal that there is: calls may cost less than a cent. */
export function writeSpent(micros: bigint, locale: Locale): string {
  return formatMoney(fromMicros(micros), "USD", locale, { exact: true });
}

function Figures({ calls, micros }: { calls: number; micros: bigint }) {
  const locale = useLocale();
  return (
    <>
      <Td number>{calls.toLocaleString(locale)}</Td>
      <Td number>{writeSpent(micros, locale)}</Td>
    </>
  );
}

interface ToolTableProps {
  tools: readonly UsageOfTool[];
  /** Of the same time, for links to the transactions. */
  days: { from: string; to: string };
}

/** The most spent first, as the service sends it. */
export function ToolTable({ tools, days }: ToolTableProps) {
  const { t } = useTranslation("usage");
  const spent = tools.map(({ tool, spent_usd, requests }) => ({
    tool,
    requests,
    micros: toMicros(spent_usd),
  }));
  const all = total(spent);
  const head = (
    <>
      <Th>{t("column.tool")}</Th>
      <Th className="max-md:hidden">{t("column.share")}</Th>
      <Th number>{t("column.calls")}</Th>
      <Th number>{t("column.spent")}</Th>
    </>
  );
  return (
    <Table caption={t("tools.caption")} head={head}>
      {spent.map(({ tool, requests, micros }) => (
        <tr key={tool ?? ""}>
          <Td className="min-w-20 wrap-anywhere sm:min-w-28">
            <ToolName tool={tool} days={days} />
          </Td>
          <Td className="w-1/4 max-md:hidden">
            <Share of={share(micros, all.micros)} />
          </Td>
          <Figures calls={requests} micros={micros} />
        </tr>
      ))}
    </Table>
  );
}

function ToolName({ tool, days }: { tool: string | null; days: ToolTableProps["days"] }) {
  const { t } = useTranslation("usage");
  if (tool === null) return <span className="text-ink-soft">{t("tools.none")}</span>;
  const search = new URLSearchParams({ tool, ...days });
  return (
    <Link
      to={{ pathname: "/transactions", search: search.toString() }}
      aria-label={t("tools.see", { tool })}
      className="-my-3 inline-flex min-h-11 items-center text-accent underline-offset-4 hover:underline"
    >
      {tool}
    </Link>
  );
}

/** `of` in thousandths: drawn, and said as a rounded percentage. */
function Share({ of }: { of: number }) {
  const locale = useLocale();
  const percent = new Intl.NumberFormat(locale, { style: "percent" }).format(of / 1000);
  return (
    <span className="flex items-center gap-3">
      <svg className="h-1.5 w-full min-w-12 rounded-full" aria-hidden>
        <rect width="100%" height="100%" className="fill-sunken" />
        <rect width={`${of / 10}%`} height="100%" className="fill-accent" />
      </svg>
      <span className="w-12 shrink-0 text-right text-ink-soft">{percent}</span>
    </span>
  );
}
