import type { Hold } from "@billing/client";
import { Card } from "../../ui/card";
import { type Column, Table } from "../parts/table";
import { useWords } from "../words";

export function Holds({ holds }: { holds: Hold[] }) {
  const { t, usd, time } = useWords();
  const columns: Column<Hold>[] = [
    {
      head: t("user.tool"),
      cell: (hold) => (
        <>
          {hold.tool ?? t("overview.byAmount")}
          <span className="block text-ink-soft">{time(hold.created_at)}</span>
        </>
      ),
    },
    { head: t("user.amount"), end: true, cell: (hold) => usd(hold.amount_usd) },
    { head: t("user.until"), end: true, cell: (hold) => time(hold.expires_at) },
  ];
  return (
    <Card title={t("user.holds")}>
      {holds.length === 0 ? (
        <p className="text-ink-soft">{t("user.noHolds")}</p>
      ) : (
        <Table
          caption={t("user.holds")}
          columns={columns}
          rows={holds}
          rowKey={(hold) => hold.hold_id}
        />
      )}
    </Card>
  );
}
