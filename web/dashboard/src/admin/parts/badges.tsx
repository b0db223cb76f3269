import type { ReactNode } from "react";
import type { Account } from "../api";
import { isZero } from "../exact";
import { useWords } from "../words";

const TONES = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  plain: "bg-sunken text-ink-soft",
} as const;

export type Tone = keyof typeof TONES;

/** A word about a row; the tone only repeats it. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`inline-block rounded-md px-1.5 py-0.5 text-xs ${TONES[tone]}`}>
      {children}
    </span>
  );
}

/** Somebody who gave something need not have an account. */
export function isUnopened(account: Account): boolean {
  return account.created_at === null;
}

/** How an account stands; nothing where all is well. */
export function StatusBadges({ account }: { account: Account }) {
  const { t } = useWords();
  const inDebt = !isZero(account.debt_usd);
  const unopened = isUnopened(account);
  if (!account.suspended && account.billing_enabled && !inDebt && !unopened) return null;
  return (
    <span className="mt-1 flex flex-wrap gap-1">
      {account.suspended && <Badge tone="bad">{t("badge.suspended")}</Badge>}
      {inDebt && <Badge tone="warn">{t("badge.debt")}</Badge>}
      {!account.billing_enabled && <Badge tone="plain">{t("badge.disabled")}</Badge>}
      {unopened && <Badge tone="plain">{t("badge.unopened")}</Badge>}
    </span>
  );
}
