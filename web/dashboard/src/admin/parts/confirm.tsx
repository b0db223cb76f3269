import type { ApiError } from "@billing/client";
import type { ReactNode } from "react";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { useProblem } from "../../ui/problem";
import type { Outcome } from "../use-change";
import { useWords } from "../words";

interface ConfirmProps {
  title: string;
  /** The deed itself. */
  label: string;
  danger?: boolean;
  outcome: Outcome<unknown>;
  onConfirm: () => void;
  onClose: () => void;
  children?: ReactNode;
}

/** Asks before a change, stays until its answer is there, and asks again where the answer was lost. */
export function Confirm({ label, outcome, ...dialog }: ConfirmProps) {
  const { t } = useWords();
  const common = useProblem();
  // The gateway's own words besides: they name amounts, and administrators can make use of them.
  const refusal = (error: ApiError) =>
    t("common.refusedBecause", {
      problem: t(`problems.${error.code}`, { defaultValue: common(error) }),
      message: error.message,
    });
  const error = {
    none: null,
    asked: null,
    done: null,
    unknown: t("common.unanswered"),
    refused: outcome.kind === "refused" && refusal(outcome.error),
  }[outcome.kind];

  return (
    <ConfirmDialog
      {...dialog}
      open
      confirm={outcome.kind === "unknown" ? t("common.askAgain") : label}
      busy={outcome.kind === "asked"}
      error={error || null}
    />
  );
}
