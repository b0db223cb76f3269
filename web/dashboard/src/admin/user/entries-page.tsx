import { useParams, useSearchParams } from "react-router";
import { LinkButton } from "../../ui/button";
import { Card } from "../../ui/card";
import { Select } from "../../ui/field";
import type { EntriesPage, Entry } from "../api";
import { userLink } from "../links";
import { AdminPage } from "../parts/admin-page";
import { Answer } from "../parts/answer";
import { Older } from "../parts/older";
import { PaymentBadge } from "../parts/payment-badge";
import { type Column, Table } from "../parts/table";
import { useAdminPages } from "../use-admin";
import { useWords } from "../words";

const TYPES = ["all", "topup", "charge", "refund", "adjustment"] as const;

/** Everything booked for one user, newest first; the payments of one who has no account. */
export function UserEntriesPage() {
  const { t } = useWords();
  const { id = "" } = useParams();
  const [params, setParams] = useSearchParams();
  const type = TYPES.find((each) => each === params.get("type")) ?? "all";
  const entries = useAdminPages<EntriesPage>("/api/admin/transactions", {
    userId: id,
    type: type === "all" ? null : type,
    limit: 50,
  });
  return (
    <AdminPage
      title={t("user.entriesOf", { id })}
      actions={<LinkButton to={userLink(id)}>{id}</LinkButton>}
    >
      <Card>
        <div className="mb-4 sm:max-w-xs">
          <Select
            label={t("user.kind")}
            value={type}
            onChange={({ target }) =>
              setParams(target.value === "all" ? {} : { type: target.value })
            }
          >
            {TYPES.map((each) => (
              <option key={each} value={each}>
                {t(each === "all" ? "payments.all" : `user.kinds.${each}`)}
              </option>
            ))}
          </Select>
        </div>
        <Answer query={entries}>
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.transactions);
            if (rows.length === 0) return <p className="text-ink-soft">{t("user.noEntries")}</p>;
            return (
              <>
                <EntriesTable entries={rows} />
                <Older pages={entries} />
              </>
            );
          }}
        </Answer>
      </Card>
    </AdminPage>
  );
}

function EntriesTable({ entries }: { entries: Entry[] }) {
  const { t, usd, time } = useWords();
  const columns: Column<Entry>[] = [
    {
      head: t("user.kind"),
      cell: (entry) => (
        <>
          {t(`user.kinds.${entry.type}`, { defaultValue: entry.type })}{" "}
          {entry.status && <PaymentBadge status={entry.status} />}
          <span className="block text-ink-soft">{entry.description}</span>
        </>
      ),
    },
    { head: t("user.time"), cell: (entry) => time(entry.created_at) },
    { head: t("user.amount"), end: true, cell: (entry) => usd(entry.amount_usd, true) },
  ];
  return (
    <Table
      caption={t("user.entries")}
      columns={columns}
      rows={entries}
      rowKey={(entry) => entry.id}
    />
  );
}
