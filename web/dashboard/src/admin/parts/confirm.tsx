import type { ReactNode } from "react";
import { ConfirmDialog } from "../../ui/confirm-dialog";
import { useProblem } from "../../ui/problem";
import type { Outcome } from "../use-change";
import { useFirstWrong } from "../use-first-wrong";
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
export function Confirm({ label, outcome, onConfirm, children, ...dialog }: ConfirmProps) {
  const { t } = useWords();
  const common = useProblem();
  const [fields, lookForWrong] = useFirstWrong<HTMLDivElement>();

  function error(): string | null {
    if (outcome.kind === "unknown") return t("common.unanswered");
    if (outcome.kind !== "refused") return null;
    const { code, message } = outcome.error;
    const problem = t(`problems.${code}`, { defaultValue: common(outcome.error) });
    // The gateway's own words besides: they name amounts, and administrators can make use of them.
    return t("common.refusedBecause", { problem, message });
  }

  return (
    <ConfirmDialog
      {...dialog}
      open
      confirm={outcome.kind === "unknown" ? t("common.askAgain") : label}
      {...(outcome.kind === "unknown" ? { dismiss: t("common.close") } : {})}
      busy={outcome.kind === "asked"}
      error={error()}
      onConfirm={() => {
        onConfirm();
        lookForWrong();
      }}
    >
      <div ref={fields} className="flex flex-col gap-5">
        {children}
      </div>
    </ConfirmDialog>
  );
}
