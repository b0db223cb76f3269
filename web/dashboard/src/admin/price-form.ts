import { type AmountProblem, type Decimal, type Locale, parseAmount } from "@billing/client";
import { markedUp } from "./exact";

/** As it is typed. */
export interface PriceDraft {
  tool: string;
  base: string;
  markup: string;
  tried: boolean;
}

export interface PriceForm {
  tool: string;
  toolProblem: "missing" | "long" | null;
  base: Decimal | null;
  baseProblem: AmountProblem | null;
  markup: Decimal | null;
  markupProblem: AmountProblem | null;
  /** What a call will cost, once all of it can be read. */
  result: Decimal | null;
}

export const BASE_BOUNDS = { min: "0", max: "1000000", decimals: 6 };
export const MARKUP_BOUNDS = { min: "0", max: "100000", decimals: 4 };
const TOOL_BYTES = 128;

export function readPriceForm(draft: PriceDraft, locale: Locale): PriceForm {
  const tool = draft.tool.trim();
  const base = parseAmount(draft.base, locale, BASE_BOUNDS);
  const markup = parseAmount(draft.markup, locale, MARKUP_BOUNDS);
  const tooLong = new TextEncoder().encode(tool).length > TOOL_BYTES;
  return {
    tool,
    toolProblem: tool === "" ? "missing" : tooLong ? "long" : null,
    base: base.ok ? base.value : null,
    baseProblem: base.ok ? null : base.problem,
    markup: markup.ok ? markup.value : null,
    markupProblem: markup.ok ? null : markup.problem,
    result: base.ok && markup.ok ? markedUp(base.value, markup.value) : null,
  };
}
