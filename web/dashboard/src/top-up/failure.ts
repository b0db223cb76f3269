import { ApiError, Unreachable } from "@billing/client";

import { useTranslation } from "../i18n/use-translation";
import { useProblem } from "../ui/problem";
import { NoCardForm } from "./go";

/** Why a payment could not begin, and what helps, in the user's language. */
export function useFailure(): (error: unknown, provider: string) => string {
  const { t, i18n } = useTranslation("top-up");
  const problem = useProblem();
  return (error, name) => {
    if (error instanceof NoCardForm) return t("failure.NO_CARD_FORM");
    if (error instanceof Unreachable) return t("failure.UNREACHABLE");
    const key = error instanceof ApiError ? `failure.${error.code}` : "";
    return key && i18n.exists(key, { ns: "top-up" }) ? t(key, { name }) : problem(error);
  };
}
