import type { Draft } from "../session/draft";
import { AmountField, useAmountProblem } from "../ui/amount-field";
import { TextField } from "../ui/field";
import { ReasonField } from "./parts/reason-field";
import { BASE_BOUNDS, type PriceDraft, type PriceForm } from "./price-form";
import { refusedField } from "./refused-field";
import type { Outcome } from "./use-change";
import { useWords } from "./words";

interface PriceFieldsProps {
  draft: Draft<PriceDraft>;
  form: PriceForm;
  /** The tool is known, and not asked for. */
  named: boolean;
  outcome: Outcome<unknown>;
}

export function PriceFields({ draft, form, named, outcome }: PriceFieldsProps) {
  const { t } = useWords();
  const amountProblem = useAmountProblem();
  const { tool, base, markup, reason, tried } = draft.value;
  const { problems } = form;
  return (
    <>
      {!named && (
        <TextField
          label={t("prices.toolName")}
          value={tool}
          autoComplete="off"
          error={
            tried && problems.tool
              ? t(`prices.tool_${problems.tool}`)
              : refusedField(outcome, "tool", t)
          }
          onChange={({ target }) => draft.set({ tool: target.value })}
        />
      )}
      <AmountField
        label={t("prices.base")}
        currency="USD"
        value={base}
        error={
          tried && problems.base
            ? amountProblem(problems.base, "USD", BASE_BOUNDS)
            : refusedField(outcome, "base_cost_usd", t)
        }
        onChange={(typed) => draft.set({ base: typed })}
      />
      <AmountField
        label={t("prices.markup")}
        currency="%"
        value={markup}
        error={
          tried && problems.markup
            ? t("prices.markupWrong")
            : refusedField(outcome, "markup_percent", t)
        }
        onChange={(typed) => draft.set({ markup: typed })}
      />
      <ReasonField
        value={reason}
        tried={tried}
        onChange={(typed) => draft.set({ reason: typed })}
      />
    </>
  );
}
