import { decimal } from "@billing/client";
import { type FormEvent, useState } from "react";
import { useClient } from "../../session/context";
import { useDraft } from "../../session/draft";
import { AmountField, useAmountProblem } from "../../ui/amount-field";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Status } from "../../ui/status";
import type { AccountInFull, AdjustAnswer } from "../api";
import { userPath } from "../links";
import { ReasonField } from "../parts/reason-field";
import { Unanswered } from "../parts/unanswered";
import { refusedField } from "../refused-field";
import { useReadAgain } from "../use-admin";
import { useChange } from "../use-change";
import { useFirstWrong } from "../use-first-wrong";
import { useWords } from "../words";
import { AdjustDialog } from "./adjust-dialog";
import { type AdjustDraft, type Adjustment, AMOUNT_BOUNDS, readAdjustForm } from "./adjustment";
import { Ways } from "./ways";

const BLANK: AdjustDraft = { way: "grant", amount: "", reason: "", tried: false };

interface AdjustProps {
  user: AccountInFull;
  /** When the balance was read, in milliseconds. */
  readAt: number;
}

/** Money given or taken by hand: typed, then confirmed with before and after, then told as the answer has it. */
export function Adjust({ user, readAt }: AdjustProps) {
  const { t, usd, locale } = useWords();
  const { request } = useClient();
  const readAgain = useReadAgain();
  const amountProblem = useAmountProblem();
  const [confirmed, setConfirmed] = useState<Adjustment | null>(null);
  const draft = useDraft<AdjustDraft>(`admin.adjust.${user.user_id}`, BLANK);
  const change = useChange<Adjustment, AdjustAnswer>(`adjust.${user.user_id}`, (adjustment, key) =>
    request("POST", userPath(user.user_id, "/adjust-balance"), {
      body: { ...adjustment, amount: decimal(adjustment.amount) },
      key,
    }),
  );
  const { outcome, unanswered } = change;
  const [fields, lookForWrong] = useFirstWrong<HTMLFormElement>();
  const form = readAdjustForm(draft.value, locale);
  const wrongAmount = draft.value.tried && form.amountProblem;

  function review(event: FormEvent) {
    event.preventDefault();
    draft.set({ tried: true });
    lookForWrong();
    if (form.adjustment === null) return;
    change.reset();
    void readAgain();
    setConfirmed(form.adjustment);
  }

  async function confirm(adjustment: Adjustment) {
    const came = await change.carryOut(adjustment);
    if (came.kind !== "done") return;
    draft.drop();
    setConfirmed(null);
  }

  return (
    <Card title={t("adjust.title")}>
      <form ref={fields} onSubmit={review} noValidate>
        <fieldset disabled={unanswered !== null} className="flex flex-col gap-4">
          <Ways chosen={draft.value.way} onChoose={(way) => draft.set({ way })} />
          <AmountField
            label={t("adjust.amount")}
            currency="USD"
            value={draft.value.amount}
            error={
              wrongAmount
                ? amountProblem(wrongAmount, "USD", AMOUNT_BOUNDS)
                : refusedField(outcome, "amount", t)
            }
            onChange={(amount) => draft.set({ amount })}
          />
          <ReasonField
            value={draft.value.reason}
            tried={draft.value.tried}
            onChange={(reason) => draft.set({ reason })}
            hint={t("adjust.userReads")}
          />
          <div>
            <Button type="submit">{t("adjust.review")}</Button>
          </div>
        </fieldset>
      </form>
      {unanswered && (
        <Unanswered onAsk={() => setConfirmed(unanswered)}>
          {t("adjust.pending", { amount: usd(unanswered.amount, true), reason: unanswered.reason })}
        </Unanswered>
      )}
      <div className="mt-3">
        <Status>
          {outcome.kind === "done" &&
            t("adjust.done", {
              before: usd(outcome.answer.balance_before_usd),
              after: usd(outcome.answer.balance_after_usd),
            }) + (outcome.answer.replayed ? ` ${t("common.replayed")}` : "")}
        </Status>
      </div>
      {confirmed && (
        <AdjustDialog
          user={user}
          readAt={readAt}
          adjustment={unanswered ?? confirmed}
          outcome={outcome}
          onConfirm={() => void confirm(unanswered ?? confirmed)}
          onClose={() => setConfirmed(null)}
        />
      )}
    </Card>
  );
}
