import { addAmounts } from "@billing/client";
import type { AccountInFull } from "../api";
import { isNegative, negated } from "../exact";
import { Confirm } from "../parts/confirm";
import { Sum, SumLine } from "../parts/sum";
import type { Outcome } from "../use-change";
import { useWords } from "../words";
import type { Adjustment } from "./adjustment";

interface AdjustDialogProps {
  user: AccountInFull;
  readAt: number;
  adjustment: Adjustment;
  outcome: Outcome<unknown>;
  onConfirm: () => void;
  onClose: () => void;
}

/** Shows the balance before and after, to the last digit, before anything is booked. */
export function AdjustDialog({ user, readAt, adjustment, outcome, ...dialog }: AdjustDialogProps) {
  const { t, usd, time } = useWords();
  const { amount, kind, reason } = adjustment;
  const after = addAmounts(user.balance_usd, amount);
  const label = isNegative(amount)
    ? t("adjust.confirmTake", { amount: usd(negated(amount)) })
    : t(kind === "grant" ? "adjust.confirmGrant" : "adjust.confirmAdd", { amount: usd(amount) });
  // With its answer lost, the balance may have it already or not: then no sum would be true.
  const known = outcome.kind !== "unknown";

  return (
    <Confirm
      {...dialog}
      title={t("adjust.confirmTitle", { id: user.user_id })}
      label={label}
      danger={isNegative(amount)}
      outcome={outcome}
    >
      <Sum>
        <SumLine name={known ? t("common.before") : t("common.now")}>
          {usd(user.balance_usd)}
        </SumLine>
        <SumLine name={t("adjust.change")}>{usd(amount, true)}</SumLine>
        {known && (
          <SumLine name={t("common.after")} last>
            {usd(after)}
          </SumLine>
        )}
      </Sum>
      <p className="wrap-anywhere">
        <span className="text-ink-soft">{t("common.reason")}:</span> {reason}
      </p>
      {known && isNegative(after) && <p className="text-warn">{t("adjust.leavesDebt")}</p>}
      <p className="text-sm text-ink-soft">
        {t("adjust.asOf", { time: time(new Date(readAt).toISOString(), "second") })}
      </p>
    </Confirm>
  );
}
