import { decimal, type Decimal } from "@billing/client";
import { useClient } from "../session/context";
import { useDraft } from "../session/draft";
import type { ToolPrice } from "./api";
import { markedUp } from "./exact";
import { Confirm } from "./parts/confirm";
import { Sum, SumLine } from "./parts/sum";
import { PriceFields } from "./price-fields";
import { type PriceDraft, readPriceForm } from "./price-form";
import { useChange } from "./use-change";
import { useWords } from "./words";

interface PriceDialogProps {
  /** Null: of a tool that is not listed. */
  before: ToolPrice | null;
  onClose: () => void;
  onDone: (told: string) => void;
}

interface NewPrice {
  tool: string;
  base: Decimal;
  markup: Decimal;
  reason: string;
}

const BLANK: Omit<PriceDraft, "tool"> = { base: "", markup: "0", reason: "", tried: false };

/** Base cost and markup, with the price that they make, to the last digit, before it is set. */
export function PriceDialog({ before, onClose, onDone }: PriceDialogProps) {
  const { t, usd, locale } = useWords();
  const { request } = useClient();
  const place = `price.${before?.tool ?? ""}`;
  const draft = useDraft<PriceDraft>(`admin.${place}`, { ...BLANK, tool: before?.tool ?? "" });
  const change = useChange<NewPrice, unknown>(place, ({ tool, base, markup, reason }) =>
    request("PUT", `/api/admin/tool-pricing/${encodeURIComponent(tool)}`, {
      body: {
        base_cost_usd: decimal(base),
        markup_percent: decimal(markup),
        is_active: true,
        reason,
      },
    }),
  );
  const form = readPriceForm(draft.value, locale);
  const asked = change.unanswered ?? form.price;
  const result = asked && markedUp(asked.base, asked.markup);
  const perCall = (price: Decimal) => t("prices.perCall", { price: usd(price) });

  async function confirm() {
    draft.set({ tried: true });
    if (asked === null || result === null) return;
    const came = await change.carryOut(asked);
    if (came.kind !== "done") return;
    draft.drop();
    onDone(t("prices.done", { tool: asked.tool, price: usd(result) }));
  }

  return (
    <Confirm
      title={before ? t("prices.editFor", { tool: before.tool }) : t("prices.add")}
      label={result === null ? t("prices.edit") : t("prices.confirm", { price: usd(result) })}
      outcome={change.outcome}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <fieldset disabled={change.unanswered !== null} className="flex flex-col gap-4">
        <PriceFields draft={draft} form={form} named={before !== null} outcome={change.outcome} />
      </fieldset>
      <Sum>
        {before && <SumLine name={t("common.before")}>{perCall(before.fixed_usd ?? "0")}</SumLine>}
        <SumLine name={t("common.after")} last>
          {form.result === null ? t("prices.resultNone") : perCall(form.result)}
        </SumLine>
      </Sum>
      <p className="text-sm text-ink-soft">
        {t("prices.resultHint")} {t("prices.from")}
      </p>
      {before && before.units.length > 0 && (
        <p className="text-sm">
          {t("prices.unitsStay", { units: before.units.map(({ unit }) => unit).join(", ") })}
        </p>
      )}
      {before && before.planned.length > 0 && (
        <p className="text-sm text-warn">{t("prices.plannedStay")}</p>
      )}
    </Confirm>
  );
}
