import { fromMicros } from "@billing/client";
import type { Words } from "./words";

/** One thing that a change changed, as people read it. */
export interface ChangedThing {
  name: string;
  before: string;
  after: string;
}

/** What differs between before and after. Names that are not known here stay as the service writes them. */
export function changedThings(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  words: Words,
): ChangedThing[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => !(name in before && name in after) || String(before[name]) !== String(after[name]))
    .map((name) => ({
      name: words.t(`changed.${name.replace(/_(micros|usd)$/, "")}`, { defaultValue: name }),
      before: valueText(name, before[name], words),
      after: valueText(name, after[name], words),
    }));
}

function valueText(name: string, value: unknown, { t, usd }: Words): string {
  if (value === null || value === undefined || value === "") return t("common.none");
  const text = String(value);
  if (text === "true" || text === "false") return t(`changed.${text}`);
  if (name.endsWith("_micros") && /^-?\d+$/.test(text)) return usd(fromMicros(BigInt(text)));
  if (name.endsWith("_usd") && /^-?\d+(\.\d+)?$/.test(text)) return usd(text);
  return text;
}
