import { useId } from "react";
import { useWords } from "../words";

interface PeriodProps {
  periods: readonly number[];
  chosen: number;
  onChoose: (days: number) => void;
}

/** How many days back: a group of radio buttons that look like one row. */
export function Period({ periods, chosen, onChoose }: PeriodProps) {
  const { t } = useWords();
  const name = useId();
  return (
    <fieldset className="flex flex-wrap items-center gap-2">
      <legend className="sr-only">{t("common.days")}</legend>
      {periods.map((days) => (
        <label
          key={days}
          className="inline-flex min-h-11 cursor-pointer items-center rounded-lg border border-line px-4 text-sm has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={days === chosen}
            onChange={() => onChoose(days)}
          />
          {t("common.lastDays", { count: days })}
        </label>
      ))}
    </fieldset>
  );
}
