import { compareAmounts, editableAmount, parseAmount } from "@billing/client";
import type { AmountProblem, Locale, Settings, SettingsChange } from "@billing/client";

export const AMOUNTS = [
  "daily_limit_usd",
  "monthly_limit_usd",
  "low_balance_threshold_usd",
] as const;
export type AmountName = (typeof AMOUNTS)[number];

/** The settings as they are typed: amounts are what stands in their fields. */
export type SettingsForm = Record<AmountName, string> &
  Pick<
    Settings,
    "time_zone" | "locale" | "mail_payments" | "mail_payment_failures" | "mail_low_balance"
  >;

export function formOf(settings: Settings, locale: Locale): SettingsForm {
  const typed = (amount: string | null) => (amount === null ? "" : editableAmount(amount, locale));
  return {
    daily_limit_usd: typed(settings.daily_limit_usd),
    monthly_limit_usd: typed(settings.monthly_limit_usd),
    low_balance_threshold_usd: typed(settings.low_balance_threshold_usd),
    time_zone: settings.time_zone,
    locale: settings.locale,
    mail_payments: settings.mail_payments,
    mail_payment_failures: settings.mail_payment_failures,
    mail_low_balance: settings.mail_low_balance,
  };
}

/** As many decimals as the service keeps would make "1,234" mean two things. More than the most it does not take. */
export const BOUNDS = { max: "1000000000", decimals: 2 };

export interface Changes {
  /** Only what differs from what is stored, so that two tabs do not undo each other. */
  change: SettingsChange;
  problems: Partial<Record<AmountName, AmountProblem>>;
}

export function changesOf(form: SettingsForm, stored: Settings, locale: Locale): Changes {
  const change: SettingsChange = {};
  const problems: Changes["problems"] = {};
  for (const name of AMOUNTS) {
    // What was not touched may have more decimals than can be typed.
    if (form[name] === formOf(stored, locale)[name]) continue;
    const parsed = parseAmount(form[name], locale, BOUNDS);
    const amount = parsed.ok ? parsed.value : null;
    if (!parsed.ok && parsed.problem !== "empty") problems[name] = parsed.problem;
    else if (!same(amount, stored[name])) change[name] = amount;
  }
  if (form.time_zone !== stored.time_zone) change.time_zone = form.time_zone;
  if (form.locale !== stored.locale) change.locale = form.locale;
  for (const name of ["mail_payments", "mail_payment_failures", "mail_low_balance"] as const) {
    if (form[name] !== stored[name]) change[name] = form[name];
  }
  return { change, problems };
}

function same(a: string | null, b: string | null): boolean {
  return a === null || b === null ? a === b : compareAmounts(a, b) === 0;
}
