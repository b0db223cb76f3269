import type { Transaction } from "@billing/client";
import { Link } from "react-router";
import { Card } from "../../ui/card";
import { entriesLink } from "../links";
import { type Column, Table } from "../parts/table";
import { useWords } from "../words";

export function Entries({ userId, entries }: { userId: string; entries: Transaction[] }) {
  const { t, usd, time } = useWords();
  const columns: Column<Transaction>[] = [
    {
      head: t("user.kind"),
      cell: (entry) => (
        <>
          {t(`user.kinds.${entry.type}`)}
          {entry.tool && <span className="text-ink-soft"> {entry.tool}</span>}
          <span className="block text-ink-soft">{entry.description}</span>
        </>
      ),
    },
    { head: t("user.time"), cell: (entry) => time(entry.created_at, "minute") },
    { head: t("user.amount"), end: true, cell: (entry) => usd(entry.amount_usd, true) },
    {
      head: t("user.balanceAfter"),
      end: true,
      cell: (entry) => usd(entry.balance_after_usd),
    },
  ];
  return (
    <Card
      title={t("user.entries")}
      actions={
        entries.length > 0 && (
          <Link
            to={entriesLink(userId)}
            className="inline-flex min-h-11 items-center text-accent underline"
          >
            {t("user.allEntries")}
          </Link>
        )
      }
    >
      {entries.length === 0 ? (
        <p className="text-ink-soft">{t("user.noEntries")}</p>
      ) : (
        <Table
          caption={t("user.entries")}
          columns={columns}
          rows={entries}
          rowKey={(entry) => entry.id}
        />
      )}
    </Card>
  );
}
