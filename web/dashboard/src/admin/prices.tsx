import { useState } from "react";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Status } from "../ui/status";
import type { ToolPrice } from "./api";
import { isZero } from "./exact";
import { Answer } from "./parts/answer";
import { Badge } from "./parts/badges";
import { type Column, Table } from "./parts/table";
import { DeactivateDialog } from "./price-deactivate";
import { PriceDialog } from "./price-dialog";
import { useAdmin } from "./use-admin";
import { useWords, type Words } from "./words";

type Opened = { what: "edit"; price: ToolPrice | null } | { what: "deactivate"; price: ToolPrice } | null;

/** What each tool costs now, and the way to set it. */
export function PricesPage() {
  const { t } = useWords();
  const prices = useAdmin<{ tools: ToolPrice[] }>("/api/admin/tool-pricing");
  const [opened, setOpened] = useState<Opened>(null);
  const [done, setDone] = useState("");

  function finish(told: string) {
    setDone(told);
    setOpened(null);
  }

  return (
    <Card
      title={t("prices.title")}
      actions={<Button onClick={() => setOpened({ what: "edit", price: null })}>{t("prices.add")}</Button>}
    >
      <p className="mb-4 text-ink-soft">{t("prices.intro")}</p>
      <Status>{done}</Status>
      <Answer query={prices}>
        {({ tools }) => <PricesTable tools={tools} onOpen={setOpened} />}
      </Answer>
      {opened?.what === "edit" && (
        <PriceDialog before={opened.price} onClose={() => setOpened(null)} onDone={finish} />
      )}
      {opened?.what === "deactivate" && (
        <DeactivateDialog price={opened.price} onClose={() => setOpened(null)} onDone={finish} />
      )}
    </Card>
  );
}

function PricesTable({ tools, onOpen }: { tools: ToolPrice[]; onOpen: (opened: Opened) => void }) {
  const words = useWords();
  const { t, time } = words;
  const columns: Column<ToolPrice>[] = [
    {
      head: t("prices.tool"),
      cell: (price) => (
        <>
          <span className="font-medium">{price.tool}</span>{" "}
          {!price.is_active && <Badge tone="plain">{t("prices.inactive")}</Badge>}
          <span className="figures block text-ink-soft sm:hidden">{priceText(price, words)}</span>
        </>
      ),
    },
    { head: t("prices.price"), from: "sm", cell: (price) => priceText(price, words) },
    { head: t("prices.version"), end: true, from: "lg", cell: (price) => price.version },
    { head: t("prices.since"), end: true, from: "md", cell: (price) => time(price.valid_from) },
    {
      head: t("prices.change"),
      end: true,
      cell: (price) => (
        <span className="flex flex-wrap justify-end gap-2">
          <Button
            aria-label={t("prices.editFor", { tool: price.tool })}
            onClick={() => onOpen({ what: "edit", price })}
          >
            {t("prices.edit")}
          </Button>
          {price.is_active && (
            <Button
              variant="quiet"
              aria-label={t("prices.deactivateFor", { tool: price.tool })}
              onClick={() => onOpen({ what: "deactivate", price })}
            >
              {t("prices.deactivate")}
            </Button>
          )}
        </span>
      ),
    },
  ];
  if (tools.length === 0) return <p className="text-ink-soft">{t("prices.empty")}</p>;
  return <Table caption={t("prices.title")} columns={columns} rows={tools} rowKey={(price) => price.tool} />;
}

/** All units of a price, "$0.02 a call + $0.000001 per query_tokens". */
export function priceText(price: ToolPrice, { t, usd }: Words): string {
  const paid = price.units.filter((unit) => !isZero(unit.price_usd));
  if (paid.length === 0) return t("prices.free");
  return paid
    .map(({ unit, price_usd }) =>
      unit === "call"
        ? t("prices.perCall", { price: usd(price_usd) })
        : t("prices.perUnit", { price: usd(price_usd), unit }),
    )
    .join(" + ");
}
