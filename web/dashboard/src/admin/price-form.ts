import { type AmountProblem, type Decimal, type Locale, parseAmount } from "@billing/client";
import { markedUp } from "./exact";
import { reasonProblem } from "./reason";

/** As it is typed. */
export interface PriceDraft {
  tool: string;
  base: string;
  markup: string;
  reason: string;
  tried: boolean;
}

export interface PriceForm {
  /** Null while anything is wrong. */
  price: { tool: string; base: Decimal; markup: Decimal; reason: string } | null;
  problems: { tool?: "missing" | "long"; base?: AmountProblem; markup?: AmountProblem };
  /** What a call will cost, once both can be read. */
  result: Decimal | null;
}

export const BASE_BOUNDS = { decimals: 6 };
const MARKUP_BOUNDS = { max: "1000000", decimals: 6 };
const TOOL_BYTES = 128;

export function readPriceForm(draft: PriceDraft, locale: Locale): PriceForm {
  const tool = draft.tool.trim();
  const reason = draft.reason.trim();
  const base = parseAmount(draft.base, locale, BASE_BOUNDS);
  const markup = parseAmount(draft.markup, locale, MARKUP_BOUNDS);
  const problems: PriceForm["problems"] = {};
  if (tool === "") problems.tool = "missing";
  else if (new TextEncoder().encode(tool).length > TOOL_BYTES) problems.tool = "long";
  if (!base.ok) problems.base = base.problem;
  if (!markup.ok) problems.markup = markup.problem;
  if (!base.ok || !markup.ok) return { price: null, problems, result: null };
  const right = problems.tool === undefined && reasonProblem(reason) === null;
  return {
    price: right ? { tool, base: base.value, markup: markup.value, reason } : null,
    problems,
    result: markedUp(base.value, markup.value),
  };
}
