import { createClient, createSession } from "@billing/client";
import type { Locale, WebConfig } from "@billing/client";
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { MemoryRouter } from "react-router";

import { App } from "../src/app";
import { setLanguage, startI18n } from "../src/i18n";
import { createQueryClient } from "../src/queries";
import { ServicesProvider } from "../src/session/context";

/** What a route answers: JSON text, or a whole response. */
type Answer = string | ((request: RequestInit) => Response | Promise<Response>);

/** No answer at all, as of a process that is stopped. */
export const silence = ({ signal }: RequestInit) =>
  new Promise<Response>((_answer, refuse) => {
    signal?.addEventListener("abort", () => refuse(new DOMException("aborted", "AbortError")));
  });

export const problem = (
  status: number,
  code: string,
  errors?: { field: string; message: string }[],
) => new Response(JSON.stringify({ status, code, message: code, errors }), { status });

export const BALANCE = JSON.stringify({
  success: true,
  payments_paused: false,
  billing: {
    balance_usd: 123.45,
    held_usd: 3.45,
    available_usd: 120,
    debt_usd: 0,
    balance_uah: 5092.31,
    uah_rate: { rate: 41.25, source: "nbu", fetched_at: "2026-11-28T06:00:00Z" },
    low_balance: false,
    billing_enabled: true,
    suspended: false,
    limits: { daily_usd: 10, monthly_usd: null },
    limits_reset: { daily_at: "2026-11-28T22:00:00Z", monthly_at: "2026-11-30T22:00:00Z" },
    usage: { today_usd: 3.2, month_usd: 18.5 },
    time_zone: "Europe/Kyiv",
    total_spent_usd: 18.5,
    total_requests: 42,
    last_request_at: "2026-11-28T09:00:00Z",
  },
});

const ME = {
  success: true,
  user_id: "u1",
  tenant_id: "demo",
  email: null,
  name: null,
  is_admin: false,
};

const DEFAULTS: Record<string, Answer> = {
  "GET /api/billing/me": JSON.stringify(ME),
  "GET /api/billing/balance": BALANCE,
  "GET /api/billing/history":
    '{"success":true,"transactions":[],"pagination":{"count":0,"limit":5,"offset":0,"next_before":null}}',
  "GET /api/billing/payment/available-providers":
    '{"success":true,"providers":[],"payments_paused":false}',
};

export interface Stage {
  /** What routes answer from now on, by method and path. */
  answers: Record<string, Answer>;
  /** Method, path with query, and body of every request. */
  sent: { request: string; body: string }[];
  /** Its idempotency key, of every request in turn that has one. */
  keys: string[];
  /** Closes the page; what the tab keeps stays. */
  leave: () => void;
}

/** The whole dashboard at an address; only the wire is ours. */
export async function open(
  path: string,
  answers: Record<string, Answer> = {},
  locale: Locale = "en",
): Promise<Stage> {
  const stage: Stage = {
    answers: { ...DEFAULTS, ...answers },
    sent: [],
    keys: [],
    leave: () => undefined,
  };
  localStorage.setItem("jwt_token", `h.${btoa(JSON.stringify({ sub: "u1" }))}.s`);
  await startI18n();
  await setLanguage(locale);
  const config = { ...CONFIG };
  const session = createSession(config);
  const client = createClient({
    base: "",
    token: session.token,
    onUnauthorized: session.end,
    fetch: async (url, init) => wire(stage, String(url), init ?? {}),
  });
  const { unmount } = render(
    <ServicesProvider services={{ client, config, session }}>
      <QueryClientProvider client={createQueryClient()}>
        <MemoryRouter initialEntries={[path]}>
          <App />
        </MemoryRouter>
      </QueryClientProvider>
    </ServicesProvider>,
  );
  stage.leave = unmount;
  return stage;
}

const CONFIG: WebConfig = {
  api_base: "",
  tenant: "demo",
  tenant_name: "Demo",
  login_url: null,
  logout_url: null,
  token_storage: "local",
  token_key: "jwt_token",
  token_links: false,
  stripe: false,
  support_email: null,
};

function wire(stage: Stage, url: string, init: RequestInit): Response | Promise<Response> {
  const method = init.method ?? "GET";
  const body = typeof init.body === "string" ? init.body : "";
  stage.sent.push({ request: `${method} ${url}`, body });
  const key = new Headers(init.headers).get("Idempotency-Key");
  if (key) stage.keys.push(key);
  const answer = stage.answers[`${method} ${url.split("?")[0]}`];
  if (answer === undefined) return problem(404, "NOT_FOUND");
  return typeof answer === "string" ? new Response(answer) : answer(init);
}
