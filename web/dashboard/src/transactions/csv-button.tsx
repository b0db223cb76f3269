import { Download } from "lucide-react";
import { useRef, useState } from "react";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { useClient } from "../session/context";
import { Button } from "../ui/button";
import { useProblem } from "../ui/problem";
import { Status } from "../ui/status";
import { type Progress, save, Truncated } from "./csv";
import { asked, type Filters } from "./filters";
import { openSink } from "./sink";

type State =
  | { is: "idle" }
  | { is: "saving"; progress: Progress }
  | { is: "done"; rows: number }
  | { is: "stopped" }
  | { is: "failed"; error: unknown };

/** All that the filters let through as a file, however much it is: it never is in the page as a whole. */
export function CsvButton({ filters, today }: { filters: Filters; today: string }) {
  const { t } = useTranslation("transactions");
  const client = useClient();
  const [state, setState] = useState<State>({ is: "idle" });
  const running = useRef<AbortController>(null);

  async function start() {
    if (running.current) return;
    const abort = new AbortController();
    running.current = abort;
    try {
      // The click is what allows the picker: it comes before any waiting.
      const sink = await openSink(`transactions-${today}.csv`);
      if (!sink) return;
      setState({ is: "saving", progress: { bytes: 0, rows: 0 } });
      const open = () => client.openHistoryCsv(asked(filters), abort.signal);
      const { rows } = await save(open, sink, abort.signal, (progress) =>
        setState({ is: "saving", progress }),
      );
      setState({ is: "done", rows });
    } catch (error) {
      setState(abort.signal.aborted ? { is: "stopped" } : { is: "failed", error });
    } finally {
      running.current = null;
    }
  }

  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 sm:flex-row-reverse">
      {state.is === "saving" ? (
        <Button onClick={() => running.current?.abort()}>{t("csv.cancel")}</Button>
      ) : (
        <Button icon={<Download size={18} aria-hidden />} onClick={() => void start()}>
          {t("csv.save")}
        </Button>
      )}
      <State state={state} />
    </div>
  );
}

function State({ state }: { state: State }) {
  const { t } = useTranslation("transactions");
  const locale = useLocale();
  const problem = useProblem();
  const written = (rows: number) => rows.toLocaleString(locale);
  switch (state.is) {
    case "idle":
      return <Status />;
    case "saving": {
      const { bytes, rows } = state.progress;
      const size = megabytes(bytes, locale);
      return (
        // Every step aloud would be too much: that it saves is said by the button.
        <p className="figures text-sm text-ink-soft">
          {bytes === 0 ? t("csv.begin") : t("csv.saving", { rows: written(rows), size })}
        </p>
      );
    }
    case "done":
      return <Status>{t("csv.done", { count: state.rows, rows: written(state.rows) })}</Status>;
    case "stopped":
      return <Status tone="info">{t("csv.stopped")}</Status>;
    case "failed":
      return (
        <Status tone="bad">
          {state.error instanceof Truncated ? t("csv.failed") : problem(state.error)}
        </Status>
      );
  }
}

function megabytes(bytes: number, locale: string): string {
  const style = { style: "unit", unit: "megabyte", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale, style).format(bytes / 1_000_000);
}
