import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { BALANCE, open, problem, silence } from "./stage";
import type { Stage } from "./stage";

const FONDY = {
  provider: "fondy",
  protocol: "fondy",
  currencies: ["UAH"],
  min_amount: 10,
  max_amount: 40000,
  presets: [200, 500],
  publishable_key: null,
  hosted: true,
};
const STRIPE = {
  ...FONDY,
  provider: "stripe",
  protocol: "stripe",
  currencies: ["USD"],
  min_amount: 1,
  max_amount: 1000,
  presets: [10, 25],
};
const PROVIDERS = "GET /api/billing/payment/available-providers";
const STRIPE_CREATE = "POST /api/billing/payment/stripe/create";
const FONDY_CREATE = "POST /api/billing/payment/fondy/create";

const offered = (providers: unknown[], paused: string | null = null) =>
  JSON.stringify({
    success: true,
    providers,
    payments_paused: paused !== null,
    payments_paused_reason: paused,
  });
const created = (change: Record<string, unknown>) =>
  JSON.stringify({ payment_id: "p-1", status: "pending", amount: 25, currency: "USD", ...change });

const PAGE = created({ paymentUrl: "https://pay.example/1" });
const NO_PAYMENTS =
  '{"success":true,"payments":[],"pagination":{"limit":20,"count":0,"next_before":null}}';
const ROUTES = {
  [PROVIDERS]: offered([STRIPE, FONDY]),
  [STRIPE_CREATE]: PAGE,
  [FONDY_CREATE]: PAGE,
  "GET /api/billing/payments": NO_PAYMENTS,
};

const posts = ({ sent }: Stage) => sent.filter(({ request }) => request.startsWith("POST"));

const left = vi.fn();
beforeEach(() => {
  left.mockReset();
  vi.spyOn(window.location, "assign").mockImplementation(left);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function type(amount: string, label: string | RegExp = /^Amount in/) {
  const field = await screen.findByLabelText<HTMLInputElement>(label);
  const user = userEvent.setup();
  await user.clear(field);
  if (amount) await user.type(field, amount);
  return field;
}

test.each([
  ["", "Enter an amount."],
  ["12,345.678", "Use at most 2 digits after the decimal point."],
  ["1234.567", "Use at most 2 digits after the decimal point."],
  ["12.345", /can be read in two ways/],
  ["0,99", "The smallest amount is $1.00."],
  ["1 000,01", "The largest amount is $1,000.00."],
  ["-5", "Enter an amount without a minus."],
  ["ten", "Enter an amount in digits, for example 12.50."],
])("the amount %j is refused beside its field before anything is sent", async (typed, says) => {
  const stage = await open("/top-up", ROUTES);
  const field = await type(typed);
  expect(screen.getByText("From $1 to $1,000")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: /^Continue/ }));
  const error = await screen.findByText(says);
  expect(field.getAttribute("aria-describedby")).toContain(error.id);
  expect(document.activeElement).toBe(field);
  expect(posts(stage)).toEqual([]);
});

test("the same is said in Ukrainian, of hryvnias and their bounds", async () => {
  const user = userEvent.setup();
  const stage = await open("/top-up", ROUTES, "uk");
  await user.click(await screen.findByLabelText(/у гривнях/));
  await type("9,99", "Сума в гривнях");
  expect(screen.getByText(/Від 10.₴ до 40.000.₴/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Перейти до Fondy" }));
  expect(await screen.findByText(/10,00.₴/)).toBeTruthy();
  expect(posts(stage)).toEqual([]);
});

test("an amount with a comma and spaces is sent as it is meant, and the browser goes on", async () => {
  const user = userEvent.setup();
  const stage = await open("/top-up", ROUTES, "uk");
  await user.click(await screen.findByLabelText(/у гривнях/));
  await type(" 1 250,5 ", "Сума в гривнях");
  // At 41.25: 30.315…, which nobody is promised more of.
  expect(screen.getByText(/30,31.\$/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Перейти до Fondy" }));
  await waitFor(() => expect(left).toHaveBeenCalledWith("https://pay.example/1"));
  expect(posts(stage)).toEqual([{ request: FONDY_CREATE, body: '{"amount_uah":1250.5}' }]);
});

test("a double click begins one payment, and a reload meets the same one", async () => {
  const stage = await open("/top-up", ROUTES);
  await type("25");
  const button = screen.getByRole("button", { name: "Continue to Stripe" });
  // Both before the first one is drawn.
  act(() => {
    button.click();
    button.click();
  });
  await waitFor(() => expect(left).toHaveBeenCalledOnce());
  expect(posts(stage)).toEqual([
    { request: STRIPE_CREATE, body: '{"amount_usd":25,"hosted":true}' },
  ]);
  document.body.replaceChildren();

  const again = await open("/top-up", ROUTES);
  const field = await screen.findByLabelText<HTMLInputElement>(/^Amount in/);
  expect(field.value).toBe("25");
  fireEvent.click(screen.getByRole("button", { name: "Continue to Stripe" }));
  await waitFor(() => expect(left).toHaveBeenCalledTimes(2));
  expect(again.keys).toEqual(stage.keys);
});

test("a service that says nothing leaves the form usable, and is asked again under the same key", async () => {
  const stage = await open("/top-up", { ...ROUTES, [STRIPE_CREATE]: silence });
  await type("25");
  vi.useFakeTimers({ shouldAdvanceTime: true });
  fireEvent.click(screen.getByRole("button", { name: /^Continue/ }));
  await screen.findByText("Preparing the payment…");
  await act(() => vi.advanceTimersByTimeAsync(20_000));
  await screen.findByText(/^No connection to the service/);
  stage.answers[STRIPE_CREATE] = PAGE;
  fireEvent.click(screen.getByRole("button", { name: /^Continue/ }));
  await waitFor(() => expect(left).toHaveBeenCalledWith("https://pay.example/1"));
  expect(stage.keys).toHaveLength(2);
  expect(stage.keys[1]).toBe(stage.keys[0]);
});

test("another amount is another payment, and so is the same one after an end", async () => {
  const stage = await open("/top-up", ROUTES);
  stage.answers[STRIPE_CREATE] = () => problem(504, "PAYMENT_PROVIDER_TIMEOUT");
  await type("25");
  const button = screen.getByRole("button", { name: "Continue to Stripe" });
  fireEvent.click(button);
  expect(await screen.findByText(/Stripe did not answer in time/)).toBeTruthy();
  // It is not known whether it has begun: the same key again.
  stage.answers[STRIPE_CREATE] = created({ status: "expired" });
  fireEvent.click(button);
  await waitFor(() => expect(stage.keys).toHaveLength(3));
  await type("30");
  stage.answers[STRIPE_CREATE] = PAGE;
  await waitFor(() => fireEvent.click(screen.getByRole("button", { name: "Continue to Stripe" })));
  await waitFor(() => expect(left).toHaveBeenCalled());
  const [first, repeated, afterEnd, other] = stage.keys;
  expect(repeated).toBe(first);
  expect(new Set([first, afterEnd, other]).size).toBe(3);
});

test("a payment that was paid in another tab is not made again without being asked for", async () => {
  const user = userEvent.setup();
  const stage = await open("/top-up", ROUTES);
  stage.answers[STRIPE_CREATE] = created({ status: "succeeded" });
  await type("25");
  await user.click(screen.getByRole("button", { name: "Continue to Stripe" }));
  expect(await screen.findByText("This payment has been made already")).toBeTruthy();
  expect(left).not.toHaveBeenCalled();
  stage.answers[STRIPE_CREATE] = PAGE;
  await user.click(screen.getByRole("button", { name: "Pay another $25.00" }));
  await waitFor(() => expect(left).toHaveBeenCalledOnce());
  expect(new Set(stage.keys).size).toBe(2);
});

test("a token that ends in the middle costs nothing that was typed", async () => {
  const stage = await open("/top-up", ROUTES);
  stage.answers[STRIPE_CREATE] = () => problem(401, "UNAUTHENTICATED");
  await type("12,50");
  fireEvent.click(screen.getByRole("button", { name: "Continue to Stripe" }));
  expect(await screen.findByText("Your session has ended")).toBeTruthy();
  document.body.replaceChildren();
  await open("/top-up", ROUTES);
  const field = await screen.findByLabelText<HTMLInputElement>(/^Amount in/);
  expect(field.value).toBe("12,50");
});

test("paused payments and a suspended account are told, and nothing can be sent", async () => {
  await open("/top-up", {
    ...ROUTES,
    [PROVIDERS]: offered([STRIPE], "We move to another bank until noon."),
    "GET /api/billing/balance": BALANCE.replace('"suspended":false', '"suspended":true'),
  });
  expect(await screen.findByText("We move to another bank until noon.")).toBeTruthy();
  expect(await screen.findByText("Your account is suspended")).toBeTruthy();
  const button = screen.getByRole("button", { name: "Continue to Stripe" });
  expect(button).toHaveProperty("disabled", true);
});

test("a payment that was left open is offered to be continued, under its own key", async () => {
  const user = userEvent.setup();
  const stage = await open("/top-up", ROUTES);
  await type("25");
  await user.click(screen.getByRole("button", { name: "Continue to Stripe" }));
  await waitFor(() => expect(left).toHaveBeenCalledOnce());
  document.body.replaceChildren();
  sessionStorage.clear();

  const unpaid = {
    payment_id: "p-1",
    provider: "stripe",
    status: "pending",
    amount: 25,
    currency: "USD",
  };
  const elsewhere = { ...unpaid, payment_id: "p-2", amount: 40 };
  const payments = [unpaid, elsewhere].map((of) => ({
    ...of,
    created_at: new Date().toISOString(),
  }));
  const again = await open("/top-up?cancelled=p-1", {
    ...ROUTES,
    "GET /api/billing/payments": JSON.stringify({ payments, pagination: { next_before: null } }),
  });
  expect(await screen.findByText("You left the payment page")).toBeTruthy();
  expect(await screen.findByText(/\$40.00 through Stripe/)).toBeTruthy();
  expect(screen.getByText(/Begun in another browser/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Continue" }));
  await waitFor(() => expect(left).toHaveBeenCalledTimes(2));
  expect(again.keys).toEqual(stage.keys);
});
