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
  const problem = useProblem();
  const error = {
    none: null,
    asked: null,
    done: null,
    unknown: t("common.unanswered"),
    refused:
      outcome.kind === "refused" &&
      t("common.refusedBecause", { problem: problem(outcome.error), message: outcome.error.message }),
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
