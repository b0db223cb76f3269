import { Link, useSearchParams } from "react-router";
import { PAYMENT_STATUSES, type PaymentStatus, type TenantPayment, type TenantPaymentsPage } from "./api";
import { isZero } from "./exact";
import { userLink } from "./links";
import { Answer } from "./parts/answer";
import { Badge, type Tone } from "./parts/badges";
import { Choice } from "./parts/choice";
import { Older } from "./parts/older";
import { Card } from "../ui/card";
import { type Column, Table } from "./parts/table";
import { useAdminPages } from "./use-admin";
import { useWords } from "./words";

const FILTERS = ["all", "in_review", ...PAYMENT_STATUSES] as const;

/** The tenant's payments, newest first. Refunds are made on the page of their user, where all of it is seen. */
export function PaymentsPage() {
  const { t } = useWords();
  const [params, setParams] = useSearchParams();
  const filter = FILTERS.find((each) => each === params.get("status")) ?? "all";
  const payments = useAdminPages<TenantPaymentsPage>("/api/admin/transactions", {
    limit: 50,
    status: filter === "all" ? null : filter,
  });

  return (
    <Card title={t("payments.title")}>
      <div className="mb-4">
        <Choice
          label={t("payments.status")}
          value={filter}
          options={FILTERS.map((each) => [each, t(each === "all" ? "payments.all" : `payments.statuses.${each}`)])}
          onChange={(chosen) => setParams(chosen === "all" ? {} : { status: chosen })}
        />
      </div>
      <Answer query={payments}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.transactions);
          if (rows.length === 0) return <p className="text-ink-soft">{t("payments.empty")}</p>;
          return (
            <>
              <PaymentsTable payments={rows} />
              <Older pages={payments} />
            </>
          );
        }}
      </Answer>
    </Card>
  );
}

function PaymentsTable({ payments }: { payments: TenantPayment[] }) {
  const { t, money, time } = useWords();
  const columns: Column<TenantPayment>[] = [
    {
      head: t("payments.user"),
      cell: (payment) => (
        <>
          <Link to={userLink(payment.user_id)} className="font-medium text-accent underline">
            {payment.user_id}
          </Link>
          <span className="figures block text-ink-soft">{time(payment.created_at)}</span>
          {payment.needs_review && (
            <span className="mt-1 block">
              <Badge tone="warn">{t("payments.review")}</Badge>{" "}
              {payment.review_reason ?? t("payments.reviewUnknown")}
            </span>
          )}
        </>
      ),
    },
    { head: t("payments.provider"), from: "sm", cell: (payment) => payment.payment_provider },
    {
      head: t("payments.amount"),
      end: true,
      cell: (payment) => (
        <>
          {money(payment.amount, payment.currency)}
          {!isZero(payment.refunded) && (
            <span className="block text-ink-soft">
              {t("payments.refunded", { amount: money(payment.refunded, payment.currency) })}
            </span>
          )}
        </>
      ),
    },
    { head: t("payments.status"), end: true, cell: (payment) => <PaymentBadge status={payment.status} /> },
  ];
  return (
    <Table caption={t("payments.title")} columns={columns} rows={payments} rowKey={(payment) => payment.payment_id} />
  );
}

const TONES: Record<PaymentStatus, Tone> = {
  created: "plain",
  pending: "plain",
  requires_action: "plain",
  succeeded: "good",
  failed: "bad",
  canceled: "plain",
  expired: "plain",
};

export function PaymentBadge({ status }: { status: PaymentStatus }) {
  const { t } = useWords();
  return <Badge tone={TONES[status]}>{t(`payments.statuses.${status}`)}</Badge>;
}
