/** What the gateway answers to an administrator, as JSON. */

export const ME_ADMIN = JSON.stringify({
  success: true,
  user_id: "olga",
  tenant_id: "demo",
  email: null,
  name: null,
  is_admin: true,
});

export const USER = {
  user_id: "42",
  email: "o@example.org",
  balance_usd: "12.345678",
  available_usd: "12.245678",
  held_usd: "0.1",
  debt_usd: "0",
  suspended: false,
  billing_enabled: true,
  limits: { daily_usd: "10", monthly_usd: null },
  usage: { today_usd: "0.5", month_usd: "3" },
  total_spent_usd: "7.654322",
  total_requests: 12,
  last_request_at: "2026-11-28T09:00:00Z",
  created_at: "2026-11-01T09:00:00Z" as string | null,
  time_zone: "Europe/Kyiv",
  low_balance_threshold_usd: null,
};

export const PAYMENT = {
  payment_id: "pay-1",
  provider: "fondy",
  reference: "order-1",
  status: "succeeded",
  currency: "UAH",
  amount: "400",
  received: "400",
  refunded: "100.5",
  refund_requested: "0",
  disputed: "0",
  credited_usd: "9.7",
  reversed_usd: "2.44",
  needs_review: false,
  review_reason: null,
  created_at: "2026-11-20T09:00:00Z",
};

/** Amounts are JSON numbers on the wire, digit for digit. */
export function wired(value: unknown): string {
  return JSON.stringify(value).replace(
    /"((?:\w+_(?:usd|uah))|amount|received|refunded|refund_requested|disputed)":"(-?[\d.]+)"/g,
    '"$1":$2',
  );
}

export function account(user: Partial<typeof USER> = {}, payments: unknown[] = []): string {
  return wired({
    success: true,
    user: { ...USER, ...user },
    recent_transactions: [],
    payments,
    holds: [],
  });
}

export const NO_CHANGES = JSON.stringify({
  success: true,
  changes: [],
  pagination: { limit: 20, count: 0, next_before: null },
});

export const OF_USER = {
  "GET /api/billing/me": ME_ADMIN,
  "GET /api/admin/users/42": account(),
  "GET /api/admin/users/42/changes": NO_CHANGES,
};
