import { ApiError } from "@billing/client";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Banner } from "../../ui/banner";
import { Known } from "../../ui/away";
import { useWords } from "../words";

interface AnswerProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "dataUpdatedAt" | "isFetching" | "refetch">;
  children: (data: T) => ReactNode;
  /** Instead of "administrators only", where it is another right that is missing. */
  refused?: string;
  /** Where the thing asked for is not there, while this part is. */
  missing?: ReactNode;
}

/**
 * As `Known`, and says in a sentence why there is nothing where this part is refused (403) or not set up (404).
 * What was known before a refusal is not shown any more.
 */
export function Answer<T>({ refused, missing, ...known }: AnswerProps<T>) {
  const { t } = useWords();
  const { error } = known.query;
  if (error instanceof ApiError && error.status === 403) {
    return (
      <Banner tone="warn" role="status" title={refused ?? t("refused.title")}>
        {refused === undefined && t("refused.text")}
      </Banner>
    );
  }
  if (error instanceof ApiError && error.status === 404) {
    if (missing !== undefined) return missing;
    return (
      <Banner tone="info" role="status" title={t("absent.title")}>
        {t("absent.text")}
      </Banner>
    );
  }
  return <Known {...known} />;
}
