import { useState } from "react";
import { providerName } from "../../provider";
import { Card } from "../../ui/card";
import { Status } from "../../ui/status";
import type { AccountInFull, Payment, RefundAnswer } from "../api";
import { isZero, leftToRefund } from "../exact";
import { PaymentBadge } from "../parts/payment-badge";
import { InReview } from "../parts/in-review";
import { type Column, Table } from "../parts/table";
import { useWords } from "../words";
import { RefundCell } from "./refund-cell";

interface PaymentsProps {
  user: AccountInFull;
  payments: Payment[];
}

export function Payments({ user, payments }: PaymentsProps) {
  const { t, money } = useWords();
  const [refund, setRefund] = useState<RefundAnswer["refund"] | null>(null);
  const failed = refund?.status === "failed" || refund?.status === "canceled";
  const columns: Column<Payment>[] = [
    { head: t("user.amount"), cell: (payment) => <PaymentNamed payment={payment} /> },
    {
      head: t("refund.left"),
      end: true,
      cell: (payment) =>
        payment.received !== null && money(leftToRefund(payment), payment.currency),
    },
    {
      head: t("refund.open"),
      end: true,
      cell: (payment) => <RefundCell user={user} payment={payment} onDone={setRefund} />,
    },
  ];
  return (
    <Card title={t("user.payments")}>
      <Status tone={failed ? "bad" : "good"}>
        {refund &&
          t(`refund.statuses.${refund.status}`, { amount: money(refund.amount, refund.currency) })}
      </Status>
      {payments.length === 0 ? (
        <p className="text-ink-soft">{t("user.noPayments")}</p>
      ) : (
        <Table
          caption={t("user.payments")}
          columns={columns}
          rows={payments}
          rowKey={(payment) => payment.payment_id}
        />
      )}
    </Card>
  );
}

function PaymentNamed({ payment }: { payment: Payment }) {
  const { t, money, time } = useWords();
  return (
    <>
      {money(payment.amount, payment.currency)} <PaymentBadge status={payment.status} />
      <span className="block text-ink-soft">
        {providerName(payment.provider)}, {time(payment.created_at)}
      </span>
      {!isZero(payment.refunded) && (
        <span className="block text-ink-soft">
          {t("payments.refunded", { amount: money(payment.refunded, payment.currency) })}
        </span>
      )}
      <InReview of={payment} />
    </>
  );
}
