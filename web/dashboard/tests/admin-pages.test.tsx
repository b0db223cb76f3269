import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { ME_ADMIN, USER, wired } from "./admin-answers";
import { open, problem } from "./stage";

const ME = { "GET /api/billing/me": ME_ADMIN };

test("who is no administrator sees no link to this part, and is told so where they go by hand", async () => {
  await open("/admin", {
    "GET /api/admin/stats/overview": () => problem(403, "ADMINISTRATOR_REQUIRED"),
  });
  expect(await screen.findByText("Administrators only")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Administration" })).toBeNull();
});

test("who is an administrator sees the link", async () => {
  await open("/", ME);
  expect(await screen.findByRole("link", { name: "Administration" })).toBeTruthy();
});

test("a gateway without the administrators' token says so in a sentence", async () => {
  await open("/admin/users/42", ME);
  expect(await screen.findByText(/its operator has to set BILLING_CORE_ADMIN_TOKEN/)).toBeTruthy();
});

test("a search and its filter stand in the address that is asked for", async () => {
  const user = userEvent.setup({ delay: null });
  const page = wired({
    success: true,
    users: [USER],
    pagination: { limit: 50, offset: 0, count: 1, next_before: null },
  });
  const stage = await open("/admin/users?status=in_debt", { ...ME, "GET /api/admin/users": page });
  expect(await screen.findByRole("link", { name: "42" })).toBeTruthy();
  await user.type(screen.getByLabelText("User id or e-mail"), " o@example.org {Enter}");
  await screen.findByRole("link", { name: "42" });
  expect(stage.sent.map(({ request }) => request)).toContain(
    "GET /api/admin/users?limit=50&offset=0&search=o%40example.org&status=in_debt",
  );
});

test("a price is shown to the last digit before it is set", async () => {
  const user = userEvent.setup({ delay: null });
  const PUT = "PUT /api/admin/tool-pricing/search";
  const tool = {
    tool: "search",
    free: false,
    free_calls_per_day: 0,
    units: [{ unit: "query_tokens", price_usd: "0.15", per_units: 1_000_000 }],
    fixed_usd: "0.01",
    version: 3,
    valid_from: "2026-11-01T00:00:00Z",
    is_active: true,
    planned: [],
  };
  const stage = await open("/admin/prices", {
    ...ME,
    "GET /api/admin/tool-pricing": wired({ success: true, tools: [tool] }),
    [PUT]: wired({ success: true, tool }),
  });
  expect(await screen.findByText("$0.01 a call + $0.15 per 1,000,000 query_tokens")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Set price: search" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByLabelText("Base cost, USD a call"), "0.0333");
  await user.clear(dialog.getByLabelText("Markup, percent"));
  await user.type(dialog.getByLabelText("Markup, percent"), "12.5");
  await user.type(dialog.getByLabelText("Reason"), "dearer");
  expect(dialog.getByText("$0.037463 a call")).toBeTruthy();
  await user.click(dialog.getByRole("button", { name: "Set $0.037463 a call" }));
  await screen.findByText("search costs $0.037463 a call in about 8 seconds.");
  expect(stage.sent.filter(({ request }) => request === PUT).map(({ body }) => body)).toEqual([
    '{"base_cost_usd":0.0333,"markup_percent":12.5,"is_active":true,"reason":"dearer"}',
  ]);
});

test("that it was too late to cancel a price is said, and what holds again when", async () => {
  const user = userEvent.setup({ delay: null });
  const planned = [{ version: 4, per_call_usd: "0.03", valid_from: "2026-11-28T22:55:10Z" }];
  const again = { version: 5, per_call_usd: "0.02", valid_from: "2026-11-28T22:55:13Z" };
  const tool = {
    tool: "search",
    free: false,
    free_calls_per_day: 0,
    units: [],
    fixed_usd: "0.02",
    version: 3,
    valid_from: "2026-11-01T00:00:00Z",
    is_active: true,
    planned,
  };
  await open("/admin/prices", {
    ...ME,
    "GET /api/admin/tool-pricing": wired({ success: true, tools: [tool] }),
    "PUT /api/admin/tool-pricing/search": wired({
      success: true,
      tool: { ...tool, planned: [...planned, again] },
    }),
  });
  await user.click(await screen.findByRole("button", { name: "Cancel plan: search" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByLabelText("Reason"), "a slip");
  await user.click(dialog.getByRole("button", { name: "Cancel the planned price" }));
  await screen.findByText(/too late to cancel it: search costs \$0\.02 a call again from .*:13/);
});

test("the audit trail has words for what is changed of support", async () => {
  const change = { at: "2026-11-28T22:48:52Z", actor: "root", user_id: null, reason: null };
  const refs = { entry_id: null, refund_id: null, payment_id: null };
  const changes = [
    { ...change, ...refs, action: "sponsorship", before: { goal: "0" }, after: { goal: "500" } },
    {
      ...change,
      ...refs,
      action: "message",
      before: { message_state: "waiting" },
      after: { message_state: "approved" },
    },
  ];
  await open("/admin/audit", {
    ...ME,
    "GET /api/admin/audit": JSON.stringify({
      success: true,
      changes,
      pagination: { limit: 50, count: 2, next_before: null },
    }),
  });
  expect(await screen.findByText("Goal of a month: $0.00 → $500.00")).toBeTruthy();
  expect(screen.getByText("Message: waiting → approved")).toBeTruthy();
});

test("a message of a supporter is text, and is shown once it is approved", async () => {
  const user = userEvent.setup({ delay: null });
  const PUT = "PUT /api/admin/messages/01HQ5W8X7C9D3K2M4N6P8R0STV";
  const message = {
    ulid: "01HQ5W8X7C9D3K2M4N6P8R0STV",
    user_id: "7f0c",
    name: "Alice",
    message: "<b>Keep up!</b>",
    state: "waiting",
    created_at: "2026-11-21T09:30:00Z",
  };
  const stage = await open("/admin/messages", {
    ...ME,
    "GET /api/admin/messages": JSON.stringify({ success: true, messages: [message] }),
    [PUT]: JSON.stringify({ success: true, ...message, state: "approved" }),
  });
  expect(await screen.findByText("<b>Keep up!</b>")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Approve" }));
  await screen.findByText("The message is approved: it stands beside the name.");
  expect(stage.sent.filter(({ request }) => request === PUT).map(({ body }) => body)).toEqual([
    '{"approved":true}',
  ]);
});

test("a switch says what it does before it does it", async () => {
  const user = userEvent.setup({ delay: null });
  const PUT = "PUT /api/admin/switches/payments";
  const on = { name: "payments", on: true, reason: null, actor: null, changed_at: null };
  const stage = await open("/admin/switches", {
    ...ME,
    "GET /api/admin/switches": JSON.stringify({ success: true, switches: [on], changes: [] }),
    [PUT]: JSON.stringify({ success: true, switch: { ...on, on: false } }),
  });
  await user.click(await screen.findByRole("button", { name: "Switch off “New payments”" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/Nobody can begin a payment.*Payers read your reason/)).toBeTruthy();
  await user.type(dialog.getByLabelText("Reason"), "the bank is away");
  await user.click(dialog.getByRole("button", { name: "Switch off “New payments”" }));
  await expect
    .poll(() => stage.sent.filter(({ request }) => request === PUT).map(({ body }) => body))
    .toEqual(['{"on":false,"reason":"the bank is away"}']);
});
