import { useQuery } from "@tanstack/react-query";

import { useTranslation } from "../i18n/use-translation";
import { keys } from "../queries";
import { useClient } from "../session/context";
import { Button } from "../ui/button";
import { Select, TextField } from "../ui/field";
import { addDays } from "../usage/days";
import { type Filters, isBackwards, isFiltered, KINDS } from "./filters";

interface Props {
  filters: Filters;
  today: string;
  onChange: (filters: Filters) => void;
}

export function FilterBar({ filters, today, onChange }: Props) {
  const { t } = useTranslation("transactions");
  const tools = useTools(today, filters.tool);
  const set = (change: { [Name in keyof Filters]: string }) => onChange(chosen(filters, change));
  return (
    <div role="search" aria-label={t("filters.label")} className="flex flex-col items-start gap-4">
      <div className="grid w-full grid-cols-2 gap-4 lg:grid-cols-4">
        <Select
          label={t("filters.kind")}
          value={filters.type ?? ""}
          onChange={(event) => set({ type: event.target.value })}
        >
          <option value="">{t("filters.all")}</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`kind.${kind}`)}
            </option>
          ))}
        </Select>
        <Select
          label={t("filters.tool")}
          value={filters.tool ?? ""}
          onChange={(event) => set({ tool: event.target.value })}
        >
          <option value="">{t("filters.any_tool")}</option>
          {tools.map((tool) => (
            <option key={tool}>{tool}</option>
          ))}
        </Select>
        <TextField
          type="date"
          className="max-sm:px-2 max-sm:text-sm"
          label={t("filters.from")}
          value={filters.from ?? ""}
          max={today}
          error={isBackwards(filters) ? t("filters.backwards") : undefined}
          onChange={(event) => set({ from: event.target.value })}
        />
        <TextField
          type="date"
          className="max-sm:px-2 max-sm:text-sm"
          label={t("filters.to")}
          value={filters.to ?? ""}
          max={today}
          onChange={(event) => set({ to: event.target.value })}
        />
      </div>
      {isFiltered(filters) && <Button onClick={() => onChange({})}>{t("filters.clear")}</Button>}
    </div>
  );
}

/** An empty choice is none. */
function chosen(filters: Filters, change: { [Name in keyof Filters]: string }): Filters {
  const merged = Object.entries({ ...filters, ...change }).filter(([, value]) => value !== "");
  return Object.fromEntries(merged) as Filters;
}

const LOOKED_BACK_DAYS = 365;

/** Those that were charged for within a year, and the one that the address names. */
function useTools(today: string, named: string | undefined): string[] {
  const client = useClient();
  const from = addDays(today, -LOOKED_BACK_DAYS);
  const { data } = useQuery({
    queryKey: keys.usage(from, "tools"),
    queryFn: () => client.getUsage({ from }),
    staleTime: 5 * 60_000,
  });
  const used = data?.usage.by_tool.flatMap(({ tool }) => (tool === null ? [] : [tool])) ?? [];
  return [...new Set(named ? [named, ...used] : used)].sort((a, b) => a.localeCompare(b));
}
