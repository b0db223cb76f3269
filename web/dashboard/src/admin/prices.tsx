import { useEffect, useState } from "react";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Status } from "../ui/status";
import type { ToolPrice } from "./api";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { Badge } from "./parts/badges";
import { type Column, Table } from "./parts/table";
import { CancelDialog } from "./price-cancel";
import { PriceDialog } from "./price-dialog";
import { priceText } from "./price-text";
import { useAdmin, useReadAgain } from "./use-admin";
import { useWords } from "./words";

type Opened =
  { what: "edit"; price: ToolPrice | null } | { what: "cancel"; price: ToolPrice } | null;

/** What each tool costs now, and the way to set it. */
export function PricesPage() {
  const { t } = useWords();
  const prices = useAdmin<{ tools: ToolPrice[] }>("/api/admin/tool-pricing");
  const [opened, setOpened] = useState<Opened>(null);
  const [done, setDone] = useState("");

  useReadAgainAt(prices.data?.tools.flatMap((tool) => tool.planned.map((each) => each.valid_from)));

  function finish(told: string) {
    setDone(told);
    setOpened(null);
  }

  return (
    <AdminPage
      title={t("prices.title")}
      actions={
        <Button onClick={() => setOpened({ what: "edit", price: null })}>{t("prices.add")}</Button>
      }
    >
      <p className="text-ink-soft">{t("prices.intro")}</p>
      <Card>
        <Status>{done}</Status>
        <Answer query={prices}>
          {({ tools }) => <PricesTable tools={tools} onOpen={setOpened} />}
        </Answer>
      </Card>
      {opened?.what === "edit" && (
        <PriceDialog before={opened.price} onClose={() => setOpened(null)} onDone={finish} />
      )}
      {opened?.what === "cancel" && (
        <CancelDialog price={opened.price} onClose={() => setOpened(null)} onDone={finish} />
      )}
    </AdminPage>
  );
}

function PricesTable({ tools, onOpen }: { tools: ToolPrice[]; onOpen: (opened: Opened) => void }) {
  const words = useWords();
  const { t, usd, count, time } = words;
  const columns: Column<ToolPrice>[] = [
    {
      head: t("prices.tool"),
      cell: (price) => (
        <>
          <span className="font-medium">{price.tool}</span>{" "}
          {!price.is_active && <Badge tone="plain">{t("prices.inactive")}</Badge>}
          {price.planned.map((each) => (
            <span key={each.version} className="block text-ink-soft">
              {t("prices.plannedAt", {
                time: time(each.valid_from),
                price: usd(each.per_call_usd),
              })}
            </span>
          ))}
        </>
      ),
    },
    { head: t("prices.price"), cell: (price) => priceText(price, words) },
    { head: t("prices.version"), end: true, from: "lg", cell: (price) => count(price.version) },
    { head: t("prices.since"), end: true, from: "md", cell: (price) => time(price.valid_from) },
    {
      head: t("prices.change"),
      end: true,
      cell: (price) => (
        <span className="flex flex-wrap justify-end gap-2">
          <Button
            aria-label={t("prices.editNamed", { tool: price.tool })}
            onClick={() => onOpen({ what: "edit", price })}
          >
            {t("prices.edit")}
          </Button>
          {price.planned.length > 0 && (
            <Button
              aria-label={t("prices.cancelFor", { tool: price.tool })}
              onClick={() => onOpen({ what: "cancel", price })}
            >
              {t("prices.cancel")}
            </Button>
          )}
        </span>
      ),
    },
  ];
  if (tools.length === 0) return <p className="text-ink-soft">{t("prices.empty")}</p>;
  return (
    <Table
      caption={t("prices.title")}
      columns={columns}
      rows={tools}
      rowKey={(price) => price.tool}
    />
  );
}

const DAY_MS = 86_400_000;

/** Reads again when the next planned price begins, so that none is called planned that holds. */
function useReadAgainAt(starts: string[] = []) {
  const readAgain = useReadAgain();
  const next = [...starts].sort()[0];
  useEffect(() => {
    if (next === undefined) return;
    const wait = Math.min(Math.max(Date.parse(next) - Date.now(), 4_000) + 1_000, DAY_MS);
    const timer = setTimeout(() => void readAgain(), wait);
    return () => clearTimeout(timer);
  });
}
