import { Link, useSearchParams } from "react-router";
import { providerName } from "../provider";
import { PAYMENT_STATUSES, type TenantPayment, type TenantPaymentsPage } from "./api";
import { isZero } from "./exact";
import { userLink } from "./links";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { InReview } from "./parts/in-review";
import { Older } from "./parts/older";
import { Card } from "../ui/card";
import { Select } from "../ui/field";
import { PaymentBadge } from "./parts/payment-badge";
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
    <AdminPage title={t("payments.title")}>
      <Card>
        <div className="mb-4 sm:max-w-xs">
          <Select
            label={t("payments.status")}
            value={filter}
            onChange={({ target }) =>
              setParams(target.value === "all" ? {} : { status: target.value })
            }
          >
            {FILTERS.map((each) => (
              <option key={each} value={each}>
                {t(each === "all" ? "payments.all" : `payments.statuses.${each}`)}
              </option>
            ))}
          </Select>
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
    </AdminPage>
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
          <span className="block text-ink-soft">
            {time(payment.created_at)}
            {payment.type === "contribution" && `, ${t("payments.contribution")}`}
          </span>
          <InReview of={payment} />
        </>
      ),
    },
    { head: t("payments.provider"), cell: (payment) => providerName(payment.payment_provider) },
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
    {
      head: t("payments.status"),
      end: true,
      cell: (payment) => <PaymentBadge status={payment.status} />,
    },
  ];
  return (
    <Table
      caption={t("payments.title")}
      columns={columns}
      rows={payments}
      rowKey={(payment) => payment.payment_id}
    />
  );
}
