import type { Words } from "./words";

/** One thing that a change changed, as people read it. */
export interface ChangedThing {
  name: string;
  /** Null where the change was of nothing that there was. */
  before: string | null;
  after: string;
}

type Values = Record<string, string>;

/** What differs between before and after. Names that are not known here stay as the service writes them. */
export function changedThings(before: Values, after: Values, words: Words): ChangedThing[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return (
    names
      .filter((name) => before[name] !== after[name])
      // It stands with the amount.
      .filter((name) => !(name === "currency" && "amount" in after))
      .map((name) => ({
        name: words.t(`changed.${name.replace(/_usd$/, "")}`, { defaultValue: name }),
        before: Object.keys(before).length === 0 ? null : valueText(name, before, words),
        after: valueText(name, after, words),
      }))
  );
}

const DECIMAL = /^-?\d+(\.\d+)?$/;
const WORDS = [
  ...["true", "false", "on", "off", "waiting", "approved", "refused"],
  ...["requested", "pending", "succeeded", "failed", "canceled"],
];
/** Terms of support are in dollars, though their names do not say so. */
const TERMS = ["goal", "bronze", "silver", "gold", "platinum", "presets"];

function valueText(name: string, values: Values, { t, usd, money, time }: Words): string {
  const value = values[name];
  if (value === undefined || value === "") return t("common.none");
  if (TERMS.includes(name)) {
    const amounts = value.split(" ");
    return amounts.map((amount) => (DECIMAL.test(amount) ? usd(amount) : amount)).join(", ");
  }
  if (WORDS.includes(value)) return t(`changed.${value}`);
  if (name.endsWith("_at")) return time(value, "minute");
  if (!DECIMAL.test(value)) return value;
  if (name.endsWith("_usd")) return usd(value);
  return name === "amount" && values["currency"] ? money(value, values["currency"]) : value;
}
