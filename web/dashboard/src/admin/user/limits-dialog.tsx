import type { Decimal } from "@billing/client";
import { TextArea } from "../../ui/field";
import type { AccountInFull } from "../api";
import { Confirm } from "../parts/confirm";
import { Sum, SumLine } from "../parts/sum";
import type { Outcome } from "../use-change";
import { useWords } from "../words";
import { LIMITS, type NewLimits } from "./new-limits";

interface LimitsDialogProps {
  user: AccountInFull;
  wanted: NewLimits;
  reason: string;
  onReason: (reason: string) => void;
  outcome: Outcome<unknown>;
  onConfirm: () => void;
  onClose: () => void;
}

export function LimitsDialog({ user, wanted, reason, onReason, ...dialog }: LimitsDialogProps) {
  const { t, usd } = useWords();
  const shown = (limit: Decimal | null) => (limit === null ? t("limits.none") : usd(limit));
  return (
    <Confirm
      {...dialog}
      title={t("limits.confirmTitle", { id: user.user_id })}
      label={t("limits.confirm")}
    >
      <Sum>
        {LIMITS.map((name) => {
          const limit = wanted[name];
          if (limit === undefined) return null;
          return (
            <SumLine key={name} name={t(`limits.${name}`)}>
              {t("common.fromTo", { from: shown(user.limits[`${name}_usd`]), to: shown(limit) })}
            </SumLine>
          );
        })}
      </Sum>
      <TextArea
        label={t("common.reasonOptional")}
        hint={t("common.reasonHint")}
        rows={2}
        value={reason}
        onChange={(event) => onReason(event.target.value)}
      />
    </Confirm>
  );
}
