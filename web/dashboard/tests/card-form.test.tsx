import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { open } from "./stage";

/** Stripe's script, which comes from Stripe alone: what it says is the world outside. */
const confirmPayment = vi.fn();
const handlers = new Map<string, () => void>();
const element = {
  on: (event: string, handler: () => void) => handlers.set(event, handler),
  mount: () => queueMicrotask(() => act(() => handlers.get("ready")?.())),
  destroy: () => undefined,
};
const Stripe = Object.assign(
  () => ({ elements: () => ({ create: () => element }), confirmPayment }),
  { version: "endive" },
);

const PROVIDER = {
  provider: "stripe",
  protocol: "stripe",
  currencies: ["USD"],
  min_amount: 1,
  max_amount: 1000,
  presets: [10, 25],
  publishable_key: "pk_test_1",
  hosted: true,
};
const CREATE = "POST /api/billing/payment/stripe/create";
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
  created_at: new Date().toISOString(),
  succeeded_at: null,
  refunds: [],
};
const ROUTES = {
  "GET /api/billing/payment/available-providers": JSON.stringify({
    providers: [PROVIDER],
    payments_paused: false,
    payments_paused_reason: null,
  }),
  "GET /api/billing/payments": '{"payments":[],"pagination":{"next_before":null}}',
  "GET /api/billing/payment/stripe/p-1/status": JSON.stringify(PAYMENT),
  [CREATE]: JSON.stringify({ ...PAYMENT, clientSecret: "pi_1_secret" }),
};

const left = vi.fn();
beforeEach(() => {
  left.mockReset();
  confirmPayment.mockReset();
  vi.stubGlobal("Stripe", Stripe);
  vi.spyOn(window.location, "assign").mockImplementation(left);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function toTheCard() {
  const stage = await open("/top-up?amount=25", ROUTES);
  await waitFor(() =>
    expect(screen.getByLabelText<HTMLInputElement>(/^Amount in/).value).toBe("25"),
  );
  fireEvent.click(screen.getByRole("button", { name: "Continue" }));
  await waitFor(() =>
    expect(screen.getByRole("button", { name: "Pay $25.00" })).toHaveProperty("disabled", false),
  );
  return stage;
}

/** The browser of these tests loads no scripts, and would tell so at length. */
function silenceScripts() {
  const { happyDOM } = window as unknown as { happyDOM: { settings: Record<string, unknown> } };
  happyDOM.settings.handleDisabledFileLoadingAsSuccess = true;
}

// First, since Stripe's loader keeps a script that it has had once.
test("where Stripe's script cannot be loaded nothing is begun but on Stripe's own page", async () => {
  vi.stubGlobal("Stripe", undefined);
  silenceScripts();
  const stage = await open("/top-up?amount=25", {
    ...ROUTES,
    [CREATE]: JSON.stringify({ ...PAYMENT, paymentUrl: "https://checkout.example/1" }),
  });
  await waitFor(() =>
    expect(screen.getByLabelText<HTMLInputElement>(/^Amount in/).value).toBe("25"),
  );
  fireEvent.click(screen.getByRole("button", { name: "Continue" }));
  const seen = new Set<Element>();
  // Blocked twice: Stripe's loader tries again by itself.
  while (seen.size < 2) {
    await waitFor(() => {
      const script = document.querySelector('script[src^="https://js.stripe.com"]');
      if (!script || seen.has(script)) throw new Error("not yet");
      seen.add(script);
    });
    [...seen].at(-1)?.dispatchEvent(new Event("error"));
  }
  await waitFor(() => expect(left).toHaveBeenCalledWith("https://checkout.example/1"));
  const bodies = stage.sent.filter(({ request }) => request === CREATE).map(({ body }) => body);
  expect(bodies).toEqual(['{"amount_usd":25,"hosted":true}']);
});

test("a double click pays once, and the page does not say 'paid' because Stripe did", async () => {
  confirmPayment.mockResolvedValue({ paymentIntent: { status: "succeeded" } });
  await toTheCard();
  const button = screen.getByRole("button", { name: "Pay $25.00" });
  // Both before the first one is drawn.
  act(() => {
    button.click();
    button.click();
  });
  expect(await screen.findByText("Waiting for confirmation")).toBeTruthy();
  expect(confirmPayment).toHaveBeenCalledOnce();
  expect(screen.queryByText(/is on your balance/)).toBeNull();
});

test.each([
  [{ code: "card_declined" }, /Your bank declined the card/],
  [{ code: "card_declined", decline_code: "insufficient_funds" }, /not enough money on this card/],
  [{ code: "payment_intent_authentication_failure" }, /\(3-D Secure\) was not finished/],
  [{ code: "expired_card" }, /This card has expired/],
  [{ code: "incorrect_cvc" }, /number, date or code is not right/],
  [{ code: "new_in_2027" }, /The payment did not go through/],
])("a refusal %j is told with its reason, and the card can be tried again", async (error, says) => {
  confirmPayment.mockResolvedValueOnce({ error: { type: "card_error", ...error } });
  confirmPayment.mockResolvedValueOnce({ paymentIntent: {} });
  await toTheCard();
  fireEvent.click(screen.getByRole("button", { name: "Pay $25.00" }));
  expect(await screen.findByText(says)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Pay $25.00" }));
  expect(await screen.findByText("Waiting for confirmation")).toBeTruthy();
});

test.each([
  [{ type: "api_connection_error" }],
  [{ type: "invalid_request_error", code: "payment_intent_unexpected_state" }],
])("where Stripe does not know how it ended (%j) the payment's own page tells", async (error) => {
  confirmPayment.mockResolvedValue({ error });
  await toTheCard();
  fireEvent.click(screen.getByRole("button", { name: "Pay $25.00" }));
  expect(await screen.findByText("Waiting for confirmation")).toBeTruthy();
});

test("where the card form breaks the payer goes to Stripe's own page, as another payment", async () => {
  const stage = await toTheCard();
  stage.answers[CREATE] = JSON.stringify({ ...PAYMENT, paymentUrl: "https://checkout.example/1" });
  act(() => handlers.get("loaderror")?.());
  await waitFor(() => expect(left).toHaveBeenCalledWith("https://checkout.example/1"));
  expect(stage.sent.at(-1)?.body).toBe('{"amount_usd":25,"hosted":true}');
  expect(new Set(stage.keys).size).toBe(2);
});
