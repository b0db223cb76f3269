import type { components } from "../generated";
import { decimal } from "../json";
import type { Locale } from "../money";
import type { Call } from "../request";

type Schemas = components["schemas"];
export type Me = Schemas["MeResponse"];
export type Billing = Schemas["UserBilling"];
export type BalanceResponse = Schemas["BalanceResponse"];
export type Limits = Schemas["Limits"];
export type ShownRate = Schemas["ShownRate"];
export type EmailPreferences = Schemas["EmailPreferences"];

export interface Settings extends Omit<Schemas["Settings"], "locale"> {
  locale: Locale;
}

/** Absent: unchanged. Null: no limit, no warning. */
export type SettingsChange = Partial<Omit<Settings, "has_email">>;

export interface UpdatedSettings extends Omit<Schemas["UpdatedSettings"], "settings"> {
  settings: Settings;
}

export function accountRoutes(call: Call) {
  return {
    getMe: () => call<Me>("GET", "/api/billing/me"),
    getBalance: () => call<BalanceResponse>("GET", "/api/billing/balance"),
    getSettings: () => call<{ settings: Settings }>("GET", "/api/billing/settings"),
    updateSettings: (change: SettingsChange) =>
      call<UpdatedSettings>("PUT", "/api/billing/settings", { body: settingsBody(change) }),
    getEmailPreferences: () =>
      call<Schemas["EmailPreferencesResponse"]>("GET", "/api/billing/email-preferences"),
    /** To the user's own address, at most once a minute. */
    sendTestEmail: () => call<Schemas["TestEmailResponse"]>("POST", "/api/billing/test-email"),
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
