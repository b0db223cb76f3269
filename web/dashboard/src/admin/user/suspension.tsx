import { useState } from "react";
import { useClient } from "../../session/context";
import { useDraft } from "../../session/draft";
import { Button } from "../../ui/button";
import type { AccountInFull } from "../api";
import { userPath } from "../links";
import { Confirm } from "../parts/confirm";
import { ReasonField } from "../parts/reason-field";
import { reasonProblem } from "../reason";
import { useChange } from "../use-change";
import { useWords } from "../words";

interface Suspending {
  deed: "suspend" | "resume";
  reason: string;
}

/** Lets a user spend nothing, or again. */
export function Suspension({ user }: { user: AccountInFull }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const deed = user.suspended ? "resume" : "suspend";
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t(`suspend.${deed}`)}</Button>
      {open && <SuspensionDialog user={user} onClose={() => setOpen(false)} />}
    </>
  );
}

function SuspensionDialog({ user, onClose }: { user: AccountInFull; onClose: () => void }) {
  const { t } = useWords();
  const { request } = useClient();
  const draft = useDraft(`admin.suspend.${user.user_id}`, { reason: "", tried: false });
  const change = useChange<Suspending, unknown>(`suspend.${user.user_id}`, ({ deed, reason }) =>
    request("POST", userPath(user.user_id, `/${deed}`), { body: { reason } }),
  );
  // Fixed when the dialog opens: the account is read again while the answer is awaited.
  const [deed] = useState<Suspending["deed"]>(
    () => change.unanswered?.deed ?? (user.suspended ? "resume" : "suspend"),
  );
  const { reason, tried } = draft.value;

  async function confirm() {
    draft.set({ tried: true });
    if (change.unanswered === null && reasonProblem(reason) !== null) return;
    const came = await change.carryOut(change.unanswered ?? { deed, reason: reason.trim() });
    if (came.kind !== "done") return;
    draft.drop();
    onClose();
  }

  return (
    <Confirm
      title={t(`suspend.${deed}Title`, { id: user.user_id })}
      label={t(`suspend.${deed}Confirm`)}
      danger={deed === "suspend"}
      outcome={change.outcome}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>{t(`suspend.${deed}Text`)}</p>
      <ReasonField
        value={change.unanswered?.reason ?? reason}
        tried={tried}
        disabled={change.unanswered !== null}
        onChange={(typed) => draft.set({ reason: typed })}
      />
    </Confirm>
  );
}
