import { decimal } from "../json";
import type { Decimal, Locale } from "../money";
import type { Call } from "../request";

export interface Me {
  user_id: string;
  tenant_id: string;
  email: string | null;
  name: string | null;
  is_admin: boolean;
}

export interface Limits {
  daily_usd: Decimal | null;
  monthly_usd: Decimal | null;
}

export interface ShownRate {
  /** Hryvnias for one US dollar. */
  rate: Decimal;
  source: string;
  fetched_at: string;
}

export interface Billing {
  /** Everything booked. */
  balance_usd: Decimal;
  /** Set aside for calls that are under way. */
  held_usd: Decimal;
  /** The balance less what is held. */
  available_usd: Decimal;
  /** Owed; "0" where nothing is. */
  debt_usd: Decimal;
  balance_uah: Decimal | null;
  uah_rate: ShownRate | null;
  low_balance: boolean;
  billing_enabled: boolean;
  suspended: boolean;
  limits: Limits;
  limits_reset: { daily_at: string; monthly_at: string };
  usage: { today_usd: Decimal; month_usd: Decimal };
  time_zone: string;
  total_spent_usd: Decimal;
  total_requests: number;
  last_request_at: string | null;
}

export interface BalanceResponse {
  billing: Billing;
  payments_paused: boolean;
}

export interface Settings {
  daily_limit_usd: Decimal | null;
  monthly_limit_usd: Decimal | null;
  low_balance_threshold_usd: Decimal | null;
  time_zone: string;
  locale: Locale;
  mail_payments: boolean;
  mail_payment_failures: boolean;
  mail_low_balance: boolean;
  has_email: boolean;
}

/** Absent: unchanged. Null: no limit, no warning. */
export type SettingsChange = Partial<Omit<Settings, "has_email">>;

export interface UpdatedSettings {
  settings: Settings;
  /** Members of the change that the service does not know. */
  ignored: string[];
}

export interface EmailPreferences {
  email_notifications: boolean;
  notify_low_balance: boolean;
  notify_payment_success: boolean;
  notify_payment_failure: boolean;
  notify_monthly_report: boolean;
}

export function accountRoutes(call: Call) {
  return {
    getMe: () => call<Me>("GET", "/api/billing/me"),
    getBalance: () => call<BalanceResponse>("GET", "/api/billing/balance"),
    getSettings: () => call<{ settings: Settings }>("GET", "/api/billing/settings"),
    updateSettings: (change: SettingsChange) =>
      call<UpdatedSettings>("PUT", "/api/billing/settings", { body: settingsBody(change) }),
    getEmailPreferences: () =>
      call<{ preferences: EmailPreferences; email_known: boolean }>(
        "GET",
        "/api/billing/email-preferences",
      ),
    /** To the user's own address, at most once a minute. */
    sendTestEmail: () => call<{ message: string }>("POST", "/api/billing/test-email"),
  };
}

function settingsBody(change: SettingsChange): Record<string, unknown> {
  const amounts = ["daily_limit_usd", "monthly_limit_usd", "low_balance_threshold_usd"] as const;
  const body: Record<string, unknown> = { ...change };
  for (const name of amounts) {
    const amount = change[name];
    if (typeof amount === "string") body[name] = decimal(amount);
  }
  return body;
}
