import type { Decimal } from "@billing/client";
import type { Payment } from "../api";
import { isZero } from "../exact";
import { Sum, SumLine } from "../parts/sum";
import { useWords } from "../words";

/** How much of a payment came, went back, and is left. */
export function RefundSum({ payment, left }: { payment: Payment; left: Decimal }) {
  const { t, money } = useWords();
  const { currency, received, refunded, refund_requested, disputed } = payment;
  const less = [
    [t("refund.refunded"), refunded],
    [t("refund.requested"), refund_requested],
    [t("refund.disputed"), disputed],
  ] as const;
  return (
    <Sum>
      <SumLine name={t("refund.paid")}>{money(received ?? "0", currency)}</SumLine>
      {less.map(
        ([name, amount]) =>
          !isZero(amount) && (
            <SumLine key={name} name={name}>
              {money(amount, currency)}
            </SumLine>
          ),
      )}
      <SumLine name={t("refund.left")} last>
        {money(left, currency)}
      </SumLine>
    </Sum>
  );
}
