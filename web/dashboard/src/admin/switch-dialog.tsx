import { useClient } from "../session/context";
import { useDraft } from "../session/draft";
import type { Switch } from "./api";
import { Confirm } from "./parts/confirm";
import { ReasonField } from "./parts/reason-field";
import { reasonProblem } from "./reason";
import { useChange } from "./use-change";
import { useWords } from "./words";

interface SwitchDialogProps {
  each: Switch;
  name: string;
  onClose: () => void;
}

interface Switching {
  on: boolean;
  reason: string;
}

/** Says what the switch does before it does it. */
export function SwitchDialog({ each, name, onClose }: SwitchDialogProps) {
  const { t } = useWords();
  const { request } = useClient();
  const draft = useDraft(`admin.switch.${each.name}`, { reason: "", tried: false });
  const change = useChange<Switching, unknown>(`switch.${each.name}`, (content) =>
    request("PUT", `/api/admin/switches/${encodeURIComponent(each.name)}`, { body: content }),
  );
  const { reason, tried } = draft.value;
  const asked = change.unanswered ?? { on: !each.on, reason: reason.trim() };

  async function confirm() {
    draft.set({ tried: true });
    if (reasonProblem(asked.reason) !== null) return;
    const came = await change.carryOut(asked);
    if (came.kind !== "done") return;
    draft.drop();
    onClose();
  }

  return (
    <Confirm
      title={t(asked.on ? "switches.onTitle" : "switches.offTitle", { name })}
      label={t(asked.on ? "switches.turnOnNamed" : "switches.turnOffNamed", { name })}
      danger={!asked.on}
      outcome={change.outcome}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>
        {t(`switches.${asked.on ? "onWarning" : "offWarning"}.${each.name}`, { defaultValue: "" })}
      </p>
      <ReasonField
        value={reason}
        onChange={(typed) => draft.set({ reason: typed })}
        tried={tried}
        hint={each.name === "payments" && !asked.on ? t("switches.payersRead") : undefined}
        disabled={change.unanswered !== null}
      />
    </Confirm>
  );
}
