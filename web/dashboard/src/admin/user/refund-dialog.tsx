import { type AmountBounds, parseAmount } from "@billing/client";
import { providerName } from "../../provider";
import { useDraft } from "../../session/draft";
import { AmountField, useAmountProblem } from "../../ui/amount-field";
import type { Payment, RefundAnswer } from "../api";
import { leftAfter, leftToRefund } from "../exact";
import { Confirm } from "../parts/confirm";
import { ReasonField } from "../parts/reason-field";
import { reasonProblem } from "../reason";
import { refusedField } from "../refused-field";
import type { ConfirmedChange } from "../use-change";
import { useWords } from "../words";
import type { Refund } from "./refund-cell";
import { RefundSum } from "./refund-sum";
import { WholeOrPart } from "./whole-or-part";

interface RefundDialogProps {
  payment: Payment;
  change: ConfirmedChange<Refund, RefundAnswer>;
  onClose: () => void;
  onDone: (refund: RefundAnswer["refund"]) => void;
}

export function RefundDialog({ payment, change, onClose, onDone }: RefundDialogProps) {
  const { t, money, locale } = useWords();
  const amountProblem = useAmountProblem();
  const { payment_id, currency } = payment;
  const draft = useDraft(`admin.refund.${payment_id}`, {
    part: false,
    amount: "",
    reason: "",
    tried: false,
  });
  const { unanswered, outcome } = change;
  const { part, reason, tried } = draft.value;
  const left = leftToRefund(payment);
  const bounds: AmountBounds = { min: "0.01", max: left, decimals: 2 };
  const typed = parseAmount(draft.value.amount, locale, bounds);
  const typedAmount = typed.ok ? typed.value : null;
  const amount = unanswered?.amount ?? (part ? typedAmount : left);

  function error(): string | null {
    if (tried && !typed.ok) return amountProblem(typed.problem, currency, bounds);
    return refusedField(outcome, `amount_${currency.toLowerCase()}`, t);
  }

  async function confirm() {
    draft.set({ tried: true });
    if (amount === null || (unanswered === null && reasonProblem(reason) !== null)) return;
    const came = await change.carryOut(unanswered ?? { amount, reason: reason.trim() });
    if (came.kind !== "done") return;
    draft.drop();
    onDone(came.answer.refund);
  }

  return (
    <Confirm
      title={t("refund.title")}
      label={
        amount === null
          ? t("refund.open")
          : t("refund.confirm", { amount: money(amount, currency) })
      }
      danger
      outcome={outcome}
      onConfirm={() => void confirm()}
      onClose={() => {
        change.reset();
        onClose();
      }}
    >
      <RefundSum payment={payment} left={left} />
      {unanswered ? (
        <p>{t("refund.pending", { amount: money(unanswered.amount, currency) })}</p>
      ) : (
        <>
          <WholeOrPart
            part={part}
            left={money(left, currency)}
            onChoose={(chosen) => draft.set({ part: chosen })}
          />
          {part && (
            <AmountField
              label={t("refund.amount", { currency })}
              currency={currency}
              value={draft.value.amount}
              hint={
                typedAmount &&
                t("refund.leaves", { amount: money(leftAfter(left, typedAmount), currency) })
              }
              error={error()}
              onChange={(value) => draft.set({ amount: value })}
            />
          )}
          <ReasonField
            value={reason}
            tried={tried}
            onChange={(value) => draft.set({ reason: value })}
          />
        </>
      )}
      <p className="text-sm text-ink-soft">
        {t("refund.effect", { provider: providerName(payment.provider) })}
      </p>
    </Confirm>
  );
}
