import type { Outcome } from "./use-change";
import type { Words } from "./words";

/** What the gateway said of one field of the change that it refused; null where that was not the field. */
export function refusedField(
  outcome: Outcome<unknown>,
  name: string,
  t: Words["t"],
): string | null {
  if (outcome.kind !== "refused") return null;
  const said = outcome.error.fields.find(({ field }) => field === name);
  return said ? t("common.fieldRefused", { message: said.message }) : null;
}
