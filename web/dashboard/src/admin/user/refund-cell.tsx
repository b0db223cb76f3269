import { decimal, type Decimal } from "@billing/client";
import { useState } from "react";
import { useClient } from "../../session/context";
import { Button } from "../../ui/button";
import type { AccountInFull, Payment, RefundAnswer } from "../api";
import { isZero, leftToRefund } from "../exact";
import { useChange } from "../use-change";
import { useWords } from "../words";
import { RefundDialog } from "./refund-dialog";

/** Always with its amount, also where it is all that is left: that may be less by the time it is carried out. */
export interface Refund {
  amount: Decimal;
  reason: string;
}

interface RefundCellProps {
  user: AccountInFull;
  payment: Payment;
  onDone: (refund: RefundAnswer["refund"]) => void;
}

/** The way to a refund of one payment, or to the one whose answer was lost. */
export function RefundCell({ user, payment, onDone }: RefundCellProps) {
  const { t, money } = useWords();
  const { request } = useClient();
  const [open, setOpen] = useState(false);
  const { payment_id, currency } = payment;
  const change = useChange<Refund, RefundAnswer>(
    `refund.${payment_id}`,
    ({ amount, reason }, key) =>
      request("POST", `/api/admin/transactions/${encodeURIComponent(payment_id)}/refund`, {
        body: {
          reason,
          user_id: user.user_id,
          [`amount_${currency.toLowerCase()}`]: decimal(amount),
        },
        key,
      }),
  );
  const lost = change.unanswered !== null;

  if (payment.received === null) return null;
  if (isZero(leftToRefund(payment)) && !lost && !open) {
    return <span className="text-ink-soft">{t("refund.nothingLeft")}</span>;
  }
  return (
    <>
      <Button
        aria-label={t(lost ? "refund.askAgainFor" : "refund.openFor", {
          amount: money(payment.amount, currency),
        })}
        onClick={() => setOpen(true)}
      >
        {t(lost ? "common.askAgain" : "refund.open")}
      </Button>
      {open && (
        <RefundDialog
          payment={payment}
          change={change}
          onClose={() => setOpen(false)}
          onDone={(refund) => {
            setOpen(false);
            onDone(refund);
          }}
        />
      )}
    </>
  );
}
