import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { open, problem } from "./stage";

const PAYMENT = {
  payment_id: "p-1",
  provider: "stripe",
  reference: "pi_1",
  status: "pending",
  amount: 25,
  received: null,
  currency: "USD",
  credited_usd: 0,
  reversed_usd: 0,
  refunded: 0,
  refund_requested: 0,
  disputed: 0,
  message: null,
  created_at: "2026-11-28T09:00:00Z",
  succeeded_at: null,
  refunds: [],
};
const PAID = {
  status: "succeeded",
  received: 25,
  credited_usd: 25,
  succeeded_at: "2026-11-28T09:01:00Z",
};
const ENTRY = {
  id: "a-7",
  user_id: "u1",
  type: "topup",
  amount_usd: 25,
  amount_uah: 1031.25,
  balance_before_usd: 10.5,
  balance_after_usd: 35.5,
  tool: null,
  request_id: null,
  hold_id: null,
  price_version: null,
  payment_id: "p-1",
  payment_provider: "stripe",
  description: null,
  metadata: {},
  enforced: true,
  created_at: "2026-11-28T09:01:00Z",
};
const STATUS = "GET /api/billing/payment/stripe/p-1/status";
const HISTORY = "GET /api/billing/history";

const paymentIs = (change: object) => JSON.stringify({ ...PAYMENT, ...change });
const historyOf = (...transactions: object[]) =>
  JSON.stringify({
    transactions,
    pagination: { limit: 500, offset: 0, count: 1, next_before: null },
  });
const paymentsOf = (...payments: object[]) =>
  JSON.stringify({ payments, pagination: { limit: 20, count: 1, next_before: null } });

function routes(change: object, ...entries: object[]) {
  const providers = [{ provider: "fondy" }, { provider: "stripe" }];
  return {
    "GET /api/billing/payment/available-providers": JSON.stringify({ providers }),
    "GET /api/billing/payments": paymentsOf(),
    [STATUS]: paymentIs(change),
    [HISTORY]: historyOf(...entries),
  };
}

const DECLINED = "The payment was declined. Try again, or use another way to pay.";

test.each([
  ["", { status: "created" }, "Waiting for confirmation"],
  ["", { status: "pending" }, "Waiting for confirmation"],
  // An earlier attempt was declined; whether the last one was is not known yet.
  ["", { status: "pending", message: DECLINED }, "Waiting for confirmation"],
  [
    "&redirect_status=failed",
    { status: "pending", message: DECLINED },
    "The last attempt was declined",
  ],
  ["", { status: "requires_action" }, "Your bank asks you to confirm"],
  ["", PAID, "Confirmed, being credited"],
  ["", { ...PAID, credited_usd: 0 }, "Received, and being checked"],
  ["", { status: "failed" }, "The payment failed"],
  ["", { status: "canceled" }, "The payment was cancelled"],
  ["", { status: "expired" }, "The payment page has expired"],
])("with %j, %j is told as it is and nothing as paid", async (search, change, title) => {
  await open(`/top-up/return?payment=p-1${search}`, routes(change));
  expect(await screen.findByText(title)).toBeTruthy();
  expect(screen.queryByText(/is on your balance/)).toBeNull();
});

test("the page says that the balance has it once the history does, and not before", async () => {
  const stage = await open("/top-up/return?payment=p-1", routes(PAID));
  expect(await screen.findByText("Confirmed, being credited")).toBeTruthy();
  stage.answers[HISTORY] = historyOf({ ...ENTRY, payment_id: "p-0" });
  stage.answers[HISTORY] = historyOf({ ...ENTRY, payment_id: "p-0" }, ENTRY);
  expect(await screen.findByText("$25.00 is on your balance", {}, { timeout: 3000 })).toBeTruthy();
  expect(screen.getByText(/Your balance was \$10.50 and is \$35.50/)).toBeTruthy();
  const asked = stage.sent.filter(({ request }) => request.includes("/status"));
  // Fondy, where it was begun by nobody of this browser, does not know it.
  expect(asked[0]?.request).toContain("/fondy/");
});

test("it waits, asks by itself, and tells of a payment that is paid late", async () => {
  const stage = await open("/top-up/return?payment=p-1", routes({ status: "expired" }));
  expect(await screen.findByText(/Should Stripe still report it as paid/)).toBeTruthy();
  stage.answers[STATUS] = paymentIs(PAID);
  stage.answers[HISTORY] = historyOf(ENTRY);
  expect(await screen.findByText("$25.00 is on your balance", {}, { timeout: 3000 })).toBeTruthy();
});

test("less or more than ordered, a refund and a second payment are told beside it", async () => {
  const other = { ...PAYMENT, ...PAID, payment_id: "p-2", succeeded_at: "2026-11-28T09:20:00Z" };
  await open("/top-up/return?payment=p-1", {
    ...routes(
      { ...PAID, received: 20, credited_usd: 20, refunded: 5 },
      { ...ENTRY, amount_usd: 20 },
    ),
    "GET /api/billing/payments": paymentsOf(other),
  });
  expect(await screen.findByText("$20.00 is on your balance")).toBeTruthy();
  expect(screen.getByText("$20.00 of $25.00 arrived, and that much was credited.")).toBeTruthy();
  expect(screen.getByText("$5.00 of it was given back.")).toBeTruthy();
  expect(await screen.findByText(/You made another payment of \$25.00/)).toBeTruthy();
});

test("another user's payment is unknown here, and is asked about no further", async () => {
  const stage = await open("/top-up/return?payment=p-9", routes({}));
  expect(await screen.findByText("We do not know this payment")).toBeTruthy();
  const before = stage.sent.length;
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(stage.sent.length).toBe(before);
});

test("while the service is away the last known state stays, and is called that", async () => {
  const stage = await open("/top-up/return?payment=p-1", routes({ status: "pending" }));
  expect(await screen.findByText("Waiting for confirmation")).toBeTruthy();
  stage.answers[STATUS] = () => problem(503, "BILLING_UNAVAILABLE");
  const note = /The service does not answer; we keep asking/;
  expect(await screen.findByText(note, {}, { timeout: 3000 })).toBeTruthy();
  expect(screen.getByText("Waiting for confirmation")).toBeTruthy();
  stage.answers[STATUS] = paymentIs({ status: "canceled" });
  fireEvent.click(screen.getAllByRole("button", { name: "Check again" })[0] ?? document.body);
  expect(await screen.findByText("The payment was cancelled")).toBeTruthy();
  await waitFor(() => expect(screen.queryByText(note)).toBeNull());
});
