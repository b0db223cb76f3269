import { ApiError, Unreachable } from "@billing/client";

import { useTranslation } from "../i18n/use-translation";

/** What went wrong, in the user's language. */
export function useProblem(): (error: unknown) => string {
  const { t, i18n } = useTranslation();
  return (error) => {
    if (error instanceof Unreachable) return t("problems.UNREACHABLE");
    if (!(error instanceof ApiError)) return t("problems.other");
    const known = `problems.${error.code}`;
    if (i18n.exists(known)) return t(known);
    return error.status >= 500 ? t("problems.BILLING_UNAVAILABLE") : t("problems.other");
  };
}

/** The service's refusals of single fields, as this page says them. */
export function useFieldProblems(): (error: unknown) => ReadonlyMap<string, string> {
  const { t } = useTranslation();
  return (error) => {
    const fields = error instanceof ApiError ? error.fields : [];
    return new Map(fields.map(({ field }) => [field, t("field_refused")]));
  };
}
