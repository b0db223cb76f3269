import { type FormEvent, useState } from "react";

import { useTranslation } from "../i18n/use-translation";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { MOST_DAYS, PRESETS, type Range, rangeDays, rangeFault } from "./range";

interface Props {
  range: Range;
  today: string;
  onChange: (range: Range) => void;
}

/** The last so many days, or days of the user's own. */
export function RangePicker({ range, today, onChange }: Props) {
  const { t } = useTranslation("usage");
  const [own, setOwn] = useState("from" in range);
  const preset = !own && "days" in range ? range.days : undefined;
  return (
    <div className="flex flex-col gap-4">
      <fieldset>
        <legend className="sr-only">{t("range.legend")}</legend>
        <div className="flex flex-wrap gap-2">
          {PRESETS.map((days) => (
            <Choice
              key={days}
              label={t("range.last", { count: days })}
              checked={preset === days}
              onChoose={() => {
                setOwn(false);
                onChange({ days });
              }}
            />
          ))}
          <Choice label={t("range.own")} checked={own} onChoose={() => setOwn(true)} />
        </div>
      </fieldset>
      {own && <OwnDays days={rangeDays(range, today)} today={today} onChange={onChange} />}
    </div>
  );
}

function Choice(props: { label: string; checked: boolean; onChoose: () => void }) {
  return (
    <label className="relative inline-flex min-h-11 cursor-pointer items-center rounded-full border border-line-strong px-4 text-sm has-checked:border-accent has-checked:bg-accent-soft has-checked:font-medium has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent">
      <input
        type="radio"
        name="usage-range"
        className="absolute inset-0 cursor-pointer opacity-0"
        checked={props.checked}
        onChange={props.onChoose}
      />
      {props.label}
    </label>
  );
}

interface OwnDaysProps {
  days: { from: string; to: string };
  today: string;
  onChange: (range: Range) => void;
}

function OwnDays({ days, today, onChange }: OwnDaysProps) {
  const { t } = useTranslation("usage");
  const [from, setFrom] = useState(days.from);
  const [to, setTo] = useState(days.to);
  const [tried, setTried] = useState(false);
  const fault = rangeFault(from, to, today);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (!fault) onChange({ from, to });
  }

  return (
    <form className="flex flex-wrap items-end gap-3" onSubmit={onSubmit} noValidate>
      <TextField
        type="date"
        label={t("range.from")}
        value={from}
        max={today}
        onChange={(event) => setFrom(event.target.value)}
      />
      <TextField
        type="date"
        label={t("range.to")}
        value={to}
        max={today}
        onChange={(event) => setTo(event.target.value)}
      />
      <Button type="submit">{t("range.show")}</Button>
      <p role="alert" className="basis-full text-sm text-bad empty:hidden">
        {tried && fault && t(`range.${fault}`, { days: MOST_DAYS })}
      </p>
    </form>
  );
}
