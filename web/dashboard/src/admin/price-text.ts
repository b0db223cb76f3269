import type { ToolPrice } from "./api";
import type { Words } from "./words";

/** All that a use costs, "$0.02 a call + $0.15 for 1,000,000 query_tokens". */
export function priceText(price: ToolPrice, { t, usd, count }: Words): string {
  if (price.free) return t("prices.free");
  const units = price.units.map(({ unit, price_usd, per_units }) =>
    per_units === 1
      ? t("prices.perUnit", { price: usd(price_usd), unit })
      : t("prices.perUnits", { price: usd(price_usd), unit, units: count(per_units) }),
  );
  const call =
    price.fixed_usd === null ? [] : [t("prices.perCall", { price: usd(price.fixed_usd) })];
  return [...call, ...units].join(" + ") || t("prices.free");
}
