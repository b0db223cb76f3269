import type { Answer } from "./stage";

/** The gateway's answers that the tests begin with. */
export function answers(): [string, Answer][] {
  return [
    ["GET /api/v1/sponsorship", { json: SPONSORSHIP }],
    ["GET /api/v1/progress", { json: PROGRESS }],
    ["GET /api/v1/supporters", { json: WALL }],
    ["GET /api/v1/supporters/demo/42/badge", { json: { badge_level: "gold" } }],
    [
      "POST /api/v1/contributions/checkout",
      { json: { checkout_url: "", contribution_ulid: ULID, status: "pending" } },
    ],
  ];
}

export const ULID = "01JDRX6G8W7K2N3P4Q5R6S7T8V";

export const SPONSORSHIP = {
  currency: "USD",
  min_amount_cents: 500,
  max_amount_cents: 1_000_000,
  presets_cents: [1000, 2500, 5000],
  goal_cents: 50_000,
  thresholds_cents: { bronze: 2500, silver: 10_000, gold: 50_000, platinum: 200_000 },
  time_zone: "UTC",
  shows_totals: false,
  wording: "",
  wording_version: "2026-11",
  payments_paused: false,
  payments_paused_reason: null,
};

export const PROGRESS = {
  goal_cents: 50_000,
  current_cents: 34_700,
  supporter_count: 23,
  month: "2026-11",
  percentage: 69,
  pending_cents: 2500,
  next_reset: "2026-12-01T00:00:00Z",
};

export const WALL = {
  supporters: {
    platinum: [{ name: "Alice Johnson", since: "2024-01-15", message: "Keep up the great work!" }],
    gold: [{ name: "<b>Bob</b> & Söhne", since: "2024-03-20" }],
    silver: [{ name: "Олена Коваль", since: "2025-02-02", message: "Дякую вам!" }],
    bronze: [{ name: "Dee", since: "2026-11-03" }],
    supporter: [{ name: "Eve", since: "2026-11-20" }],
  },
  total_count: 7,
  next_cursor: "c1",
};
