import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { BALANCE, open, problem, silence } from "./stage";

afterEach(() => {
  vi.useRealTimers();
});

test("what is known stays while the service is away, with its age and a retry", async () => {
  const user = userEvent.setup();
  const stage = await open("/");
  expect(await screen.findByText("$120.00")).toBeTruthy();

  stage.answers["GET /api/billing/balance"] = () => problem(503, "BILLING_UNAVAILABLE");
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3 * 60_000 });
  window.dispatchEvent(new Event("offline"));
  window.dispatchEvent(new Event("online"));
  const stale = await screen.findByText(/Last updated 3 minutes ago/);
  expect(screen.getByText("$120.00")).toBeTruthy();

  stage.answers["GET /api/billing/balance"] = BALANCE.replace(
    '"available_usd":120',
    '"available_usd":119',
  );
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("$119.00")).toBeTruthy();
  expect(stale.isConnected).toBe(false);
});

test("figures that nobody asked for again by hand do not grow old in silence", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const stage = await open("/");
  expect(await screen.findByText("$120.00")).toBeTruthy();
  stage.answers["GET /api/billing/balance"] = () => problem(503, "BILLING_UNAVAILABLE");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await screen.findByText(/Last updated/)).toBeTruthy();
  expect(screen.getByText("$120.00")).toBeTruthy();
});

test("figures of a service that says nothing any more are marked within half a minute", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const stage = await open("/");
  expect(await screen.findByText("$120.00")).toBeTruthy();
  stage.answers["GET /api/billing/balance"] = silence;
  await vi.advanceTimersByTimeAsync(29_000);
  expect(await screen.findByText(/Last updated/)).toBeTruthy();
  expect(screen.getByText("$120.00")).toBeTruthy();
});

test("on the page of holds one banner stands for the sum and the list", async () => {
  const stage = await open("/holds", {
    "GET /api/billing/holds":
      '{"success":true,"holds":[],"pagination":{"count":0,"limit":50,"offset":0,"next_before":null}}',
  });
  expect(await screen.findByText("$3.45")).toBeTruthy();
  await waitFor(() => expect(document.querySelector("[aria-busy]")).toBeNull());
  const away = () => problem(503, "BILLING_UNAVAILABLE");
  stage.answers["GET /api/billing/balance"] = away;
  stage.answers["GET /api/billing/holds"] = away;
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3 * 60_000 });
  window.dispatchEvent(new Event("offline"));
  window.dispatchEvent(new Event("online"));
  await waitFor(() => expect(screen.getAllByText(/Last updated/)).toHaveLength(1));
  expect(screen.getByText("$3.45")).toBeTruthy();
  stage.leave();

  await open("/holds", { "GET /api/billing/balance": away, "GET /api/billing/holds": away });
  await screen.findByText("This cannot be loaded right now");
  await new Promise((later) => setTimeout(later, 100));
  expect(screen.getAllByText("This cannot be loaded right now")).toHaveLength(1);
});

test("nothing that is not known is shown as 0", async () => {
  const user = userEvent.setup();
  const stage = await open("/", {
    "GET /api/billing/balance": () => problem(503, "BILLING_UNAVAILABLE"),
  });
  const away = await screen.findByText("This cannot be loaded right now");
  expect(screen.queryByText(/\$\d/)).toBeNull();

  stage.answers["GET /api/billing/balance"] = BALANCE;
  const banner = away.closest<HTMLElement>("[role=status]");
  await user.click(within(banner ?? document.body).getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("$120.00")).toBeTruthy();
});

test("available, settled, held, debt and limits are told apart, in Ukrainian too", async () => {
  await open("/", {}, "uk");
  expect(await screen.findByText("120,00 $")).toBeTruthy();
  expect(screen.getByText("123,45 $")).toBeTruthy();
  expect(screen.getByText("3,45 $")).toBeTruthy();
  expect(screen.getByText("3,20 $ із 10,00 $")).toBeTruthy();
  expect(screen.getByText("18,50 $ · без ліміту")).toBeTruthy();
  expect(screen.getByText(/29 лист.*00:00 \(Київ\)/)).toBeTruthy();
  expect(screen.getByText(/≈ 4 950,00 ₴/)).toBeTruthy();
});

test("whatever keeps calls from working is said first", async () => {
  const blocked = BALANCE.replace('"suspended":false', '"suspended":true')
    .replace('"debt_usd":0', '"debt_usd":1.5')
    .replace('"payments_paused":false', '"payments_paused":true');
  await open("/", { "GET /api/billing/balance": blocked });
  expect(await screen.findByText("This account is suspended")).toBeTruthy();
  expect(screen.getByText("You owe $1.50")).toBeTruthy();
  expect(screen.getByText("Payments are paused")).toBeTruthy();
});
