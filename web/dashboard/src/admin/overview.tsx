import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import type { Overview } from "./api";
import { Costs } from "./costs";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { Period } from "./parts/period";
import { Revenue } from "./revenue-panel";
import { SwitchedOff } from "./switched-off";
import { useAdmin } from "./use-admin";
import { useWords, type Words } from "./words";

const PERIODS = [7, 30, 90] as const;

export function OverviewPage() {
  const words = useWords();
  const overview = useAdmin<{ overview: Overview }>("/api/admin/stats/overview");
  const [params, setParams] = useSearchParams();
  const asked = Number(params.get("days"));
  const days = PERIODS.find((period) => period === asked) ?? 30;

  return (
    <AdminPage title={words.t("title")}>
      <Answer query={overview}>
        {(answer) => (
          <div className="grid grid-cols-1 gap-4">
            <SwitchedOff />
            <Figures overview={answer.overview} words={words} />
            <Period
              periods={PERIODS}
              chosen={days}
              onChoose={(period) => setParams({ days: String(period) }, { replace: true })}
            />
            <Revenue days={days} />
            <Costs days={days} />
          </div>
        )}
      </Answer>
    </AdminPage>
  );
}

function Figures({ overview, words }: { overview: Overview; words: Words }) {
  const { t, cents, count, time } = words;
  return (
    <div>
      <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-2xl border border-line bg-line sm:grid-cols-4">
        <Figure name={t("overview.revenueToday")}>{cents(overview.revenue_today_usd)}</Figure>
        <Figure name={t("overview.revenueMonth")}>{cents(overview.revenue_month_usd)}</Figure>
        <Figure name={t("overview.spentToday")}>{cents(overview.spent_today_usd)}</Figure>
        <Figure name={t("overview.spentMonth")}>{cents(overview.spent_month_usd)}</Figure>
      </dl>
      <dl className="mt-3 grid grid-cols-1 divide-y divide-line rounded-2xl border border-line bg-surface sm:grid-cols-3 sm:divide-x sm:divide-y-0">
        <Counted name={t("overview.accounts")} to="users" value={count(overview.accounts)} />
        <Counted
          name={t("overview.inReview")}
          to="payments?status=in_review"
          value={count(overview.payments_in_review)}
          wanting={overview.payments_in_review > 0}
        />
        <Counted
          name={t("overview.undelivered")}
          to="mail"
          value={count(overview.undelivered_mail)}
          wanting={overview.undelivered_mail > 0}
        />
      </dl>
      <p className="mt-2 text-sm text-ink-soft">
        {t("overview.asOf", { time: time(overview.as_of, "second") })} {t("common.utc")}
      </p>
    </div>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="bg-surface p-3 sm:p-4">
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className="figures m-0 text-lg font-semibold wrap-anywhere sm:text-xl">{children}</dd>
    </div>
  );
}

interface CountedProps {
  name: string;
  to: string;
  value: string;
  /** Somebody has to look at it. */
  wanting?: boolean;
}

function Counted({ name, to, value, wanting = false }: CountedProps) {
  return (
    <div className="flex items-baseline justify-between gap-3 px-4 py-1">
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className="m-0">
        <Link
          to={to}
          aria-label={`${name}: ${value}`}
          className={`figures inline-flex min-h-11 min-w-11 items-center justify-end font-semibold underline ${wanting ? "text-warn" : "text-accent"}`}
        >
          {value}
        </Link>
      </dd>
    </div>
  );
}
