import { isAway } from "@billing/client";
import { RefreshCw } from "lucide-react";
import type { ReactNode } from "react";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { Banner } from "./banner";
import { Button } from "./button";
import { useProblem } from "./problem";
import { Loading, Skeleton } from "./skeleton";
import { useAge } from "./time";

/** A query, also one of pages. */
export interface Asked<T> {
  data: T | undefined;
  error: unknown;
  dataUpdatedAt: number;
  isFetching: boolean;
  refetch: () => unknown;
}

interface KnownProps<T> {
  query: Asked<T>;
  /** Shown until the first answer, as large as what comes. */
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}

/**
 * What is known, whether or not the service answers now: with its age and a retry where it does
 * not. Never a zero in the place of what is not known.
 */
export function Known<T>({ query, skeleton, children }: KnownProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error !== null && <Stale query={query} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error !== null) return <Away query={query} />;
  return <Loading>{skeleton ?? <Skeleton className="h-40" />}</Loading>;
}

/** Nothing is known, and why. */
export function Away({ query }: { query: Asked<unknown> }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const away = isAway(query.error);
  return (
    <Banner
      tone={away ? "warn" : "bad"}
      title={t(away ? "away.title" : "away.refused")}
      action={<Retry query={query} />}
      role="status"
    >
      {away ? t("away.text") : problem(query.error)}
    </Banner>
  );
}

function Stale({ query }: { query: Asked<unknown> }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const age = useAge(query.dataUpdatedAt, locale);
  return (
    <div className="mb-5">
      <Banner tone="warn" action={<Retry query={query} />} role="status">
        {t("away.stale", { age })}
      </Banner>
    </div>
  );
}

function Retry({ query }: { query: Asked<unknown> }) {
  const { t } = useTranslation();
  return (
    <Button
      busy={query.isFetching}
      icon={<RefreshCw size={16} aria-hidden />}
      onClick={() => query.refetch()}
    >
      {t("retry")}
    </Button>
  );
}
