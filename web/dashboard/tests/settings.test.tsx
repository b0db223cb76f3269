import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { open, problem } from "./stage";

const SETTINGS = {
  daily_limit_usd: 10,
  monthly_limit_usd: 100,
  low_balance_threshold_usd: null,
  time_zone: "Europe/Kyiv",
  locale: "uk",
  mail_payments: true,
  mail_payment_failures: true,
  mail_low_balance: true,
  has_email: true,
};
const stored = (change = {}) =>
  JSON.stringify({ success: true, ignored: [], settings: { ...SETTINGS, ...change } });
const ROUTES = { "GET /api/billing/settings": stored() };

const puts = (sent: { request: string; body: string }[]) =>
  sent.filter(({ request }) => request.startsWith("PUT"));

test("amounts with a comma and spaces are sent as they are meant, and only what changed", async () => {
  const user = userEvent.setup();
  const stage = await open("/settings", ROUTES);
  stage.answers["PUT /api/billing/settings"] = stored({
    daily_limit_usd: 1234.5,
    monthly_limit_usd: null,
  });
  const daily = await screen.findByLabelText("Stop at, each day");
  await user.clear(daily);
  await user.type(daily, " 1 234,50");
  await user.clear(screen.getByLabelText("Stop at, each month"));
  expect(screen.getByText("You have unsaved changes.")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("Saved.")).toBeTruthy();
  expect(puts(stage.sent)).toEqual([
    {
      request: "PUT /api/billing/settings",
      body: '{"daily_limit_usd":1234.5,"monthly_limit_usd":null}',
    },
  ]);
  expect(screen.getByLabelText<HTMLInputElement>("Stop at, each day").value).toBe("1234.50");
});

test("what is wrong is said beside its field, in the user's language, before anything is sent", async () => {
  const user = userEvent.setup();
  const stage = await open("/settings", ROUTES, "uk");
  const daily = await screen.findByLabelText("Зупинити на, щодня");
  await user.clear(daily);
  await user.type(daily, "1,2345");
  await user.click(screen.getByRole("button", { name: "Зберегти зміни" }));
  const error = screen.getByText("Після коми може бути щонайбільше 2 цифри.");
  expect(daily.getAttribute("aria-describedby")).toContain(error.id);
  expect(document.activeElement).toBe(daily);
  expect(puts(stage.sent)).toEqual([]);
});

test("a refusal of the service stands beside the field that it names", async () => {
  const user = userEvent.setup();
  const stage = await open("/settings", ROUTES);
  stage.answers["PUT /api/billing/settings"] = () =>
    problem(400, "INVALID_REQUEST", [{ field: "monthly_limit_usd", message: "must not be so" }]);
  const monthly = await screen.findByLabelText("Stop at, each month");
  await user.type(monthly, "5");
  await user.click(screen.getByRole("button", { name: "Save changes" }));
  const error = await screen.findByText("The service does not accept this value.");
  expect(monthly.getAttribute("aria-describedby")).toContain(error.id);
});

test("a token that ends in the middle of the form costs nothing that was typed", async () => {
  const user = userEvent.setup();
  const first = await open("/settings", ROUTES);
  const daily = await screen.findByLabelText("Stop at, each day");
  await user.clear(daily);
  await user.type(daily, "12,75");
  first.answers["PUT /api/billing/settings"] = () => problem(401, "UNAUTHENTICATED");
  await user.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("Your session has ended")).toBeTruthy();
  document.body.replaceChildren();

  await open("/settings", ROUTES);
  const again = await screen.findByLabelText<HTMLInputElement>("Stop at, each day");
  expect(again.value).toBe("12,75");
  expect(screen.getByText("What you typed before is still here, not yet saved.")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Discard" }));
  await waitFor(() => expect(again.value).toBe("10"));
});
