import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { account, OF_USER, PAYMENT, wired } from "./admin-answers";
import { open, problem, type Stage } from "./stage";

const ADJUST = "POST /api/admin/users/42/adjust-balance";
const REFUND = "POST /api/admin/transactions/pay-1/refund";

const lost = (): Response => {
  throw new TypeError("the connection broke");
};

const posts = (stage: Stage) => stage.sent.filter(({ request }) => request.startsWith("POST"));

function setup() {
  return userEvent.setup({ delay: null });
}

type User = ReturnType<typeof setup>;

async function typeAdjustment(user: User, amount: string, reason: string) {
  await user.type(await screen.findByLabelText("Amount in USD"), amount);
  const form = screen.getByLabelText("Amount in USD").closest("form");
  if (!form) throw new Error("no form");
  if (reason) await user.type(within(form).getByLabelText("Reason"), reason);
  await user.click(within(form).getByRole("button", { name: "Review" }));
}

const booked = (before: string, after: string, replayed = false) =>
  wired({
    success: true,
    entry_id: "e",
    balance_before_usd: before,
    balance_after_usd: after,
    replayed,
  });

test("a confirmation shows the balance before and after to the last digit", async () => {
  const user = setup();
  const stage = await open("/admin/users/42", OF_USER);
  await user.click(await screen.findByLabelText(/Correct downwards/));
  await typeAdjustment(user, "20.000001", "typed twice");
  const dialog = await screen.findByRole("dialog", { name: "Change the balance of 42?" });
  expect(dialog.textContent).toContain("Before$12.345678");
  expect(dialog.textContent).toContain("Change−$20.000001");
  expect(dialog.textContent).toContain("After−$7.654323");
  expect(dialog.textContent).toContain("This leaves the user with a debt.");
  expect(posts(stage)).toEqual([]);

  stage.answers[ADJUST] = booked("12.345678", "-7.654323");
  await user.click(within(dialog).getByRole("button", { name: "Take $20.000001 away" }));
  expect(
    await screen.findByText("Booked: the balance went from $12.345678 to −$7.654323."),
  ).toBeTruthy();
  expect(posts(stage)).toEqual([
    { request: ADJUST, body: '{"kind":"adjustment","amount":-20.000001,"reason":"typed twice"}' },
  ]);
});

test("a change whose answer is lost is asked for again with the same key, and nothing is told as done before", async () => {
  const user = setup();
  const stage = await open("/admin/users/42", { ...OF_USER, [ADJUST]: lost });
  await typeAdjustment(user, "5", "welcome");
  await user.click(await screen.findByRole("button", { name: "Grant $5.00" }));
  expect(await screen.findByText(/No answer came/)).toBeTruthy();
  expect(screen.queryByText(/Booked/)).toBeNull();
  // No sum is shown of what may be booked already.
  expect(screen.getByRole("dialog").textContent).not.toContain("After");

  stage.answers[ADJUST] = booked("12.345678", "17.345678", true);
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Ask again" }));
  expect(
    await screen.findByText(/from \$12\.345678 to \$17\.345678\. It had been carried out/),
  ).toBeTruthy();
  expect(stage.keys).toHaveLength(2);
  expect(stage.keys[0]).toBe(stage.keys[1]);
  expect(posts(stage)[0]).toEqual(posts(stage)[1]);

  // The same once more, meant as another.
  await typeAdjustment(user, "5", "welcome");
  await user.click(await screen.findByRole("button", { name: "Grant $5.00" }));
  await waitFor(() => expect(stage.keys).toHaveLength(3));
  expect(stage.keys[2]).not.toBe(stage.keys[0]);
});

test("a change without an answer outlives the page, and is all that can be asked for", async () => {
  const user = setup();
  const before = await open("/admin/users/42", { ...OF_USER, [ADJUST]: lost });
  await typeAdjustment(user, "5", "welcome");
  await user.click(await screen.findByRole("button", { name: "Grant $5.00" }));
  await screen.findByText(/No answer came/);
  before.leave();

  const after = await open("/admin/users/42", {
    ...OF_USER,
    [ADJUST]: booked("12.345678", "17.345678"),
  });
  await screen.findByText("The change of +$5.00 (welcome) has no answer yet.");
  expect(screen.getByLabelText("Amount in USD").closest("fieldset")?.disabled).toBe(true);
  await user.click(screen.getByRole("button", { name: "Ask again" }));
  await user.click(
    within(await screen.findByRole("dialog")).getByRole("button", { name: "Ask again" }),
  );
  await screen.findByText(/Booked/);
  expect(after.keys).toEqual(before.keys);
});

test("a reason is required, and so is an amount that can be read", async () => {
  const user = setup();
  const stage = await open("/admin/users/42", OF_USER);
  await typeAdjustment(user, "1,2345678", " ");
  expect(screen.getByText("Say why: the audit trail needs a reason.")).toBeTruthy();
  expect(screen.getByText("Use at most 6 digits after the decimal point.")).toBeTruthy();
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(document.activeElement).toBe(screen.getByLabelText("Amount in USD"));

  await user.click(screen.getByRole("button", { name: "Suspend" }));
  await user.click(await screen.findByRole("button", { name: "Suspend this user" }));
  expect(screen.getAllByText("Say why: the audit trail needs a reason.")).toHaveLength(2);
  expect(posts(stage)).toEqual([]);
});

test("a refusal says why, and the next attempt is another request", async () => {
  const user = setup();
  const stage = await open("/admin/users/42", {
    ...OF_USER,
    [ADJUST]: () => problem(400, "INVALID_REQUEST", [{ field: "amount", message: "is too large" }]),
  });
  await typeAdjustment(user, "5", "welcome");
  await user.click(await screen.findByRole("button", { name: "Grant $5.00" }));
  await screen.findByText(/Check what is marked/);
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(screen.getByText("Not accepted: is too large.")).toBeTruthy();
  await user.click(screen.getAllByRole("button", { name: "Review" })[0] as HTMLElement);
  await user.click(await screen.findByRole("button", { name: "Grant $5.00" }));
  await waitFor(() => expect(stage.keys).toHaveLength(2));
  expect(stage.keys[1]).not.toBe(stage.keys[0]);
});

test("a part of a payment is refunded, and what is left is told before", async () => {
  const user = setup();
  const stage = await open("/admin/users/42", {
    ...OF_USER,
    "GET /api/admin/users/42": account({}, [PAYMENT]),
  });
  await user.click(await screen.findByRole("button", { name: "Refund the payment of ₴400.00" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Refund this payment?" }));
  expect(dialog.getByLabelText("All that is left: ₴299.50")).toBeTruthy();
  await user.click(dialog.getByLabelText("A part"));
  await user.type(dialog.getByLabelText("Amount in UAH"), "300");
  await user.type(dialog.getByLabelText("Reason"), "asked for");
  await user.click(dialog.getByRole("button", { name: "Refund" }));
  expect(dialog.getByText("The largest amount is ₴299.50.")).toBeTruthy();
  await user.clear(dialog.getByLabelText("Amount in UAH"));
  await user.type(dialog.getByLabelText("Amount in UAH"), "99,50");
  expect(dialog.getByText("₴200.00 is left then.")).toBeTruthy();

  stage.answers[REFUND] = wired({
    success: true,
    refund: { status: "requested", amount: "99.5", currency: "UAH" },
  });
  await user.click(dialog.getByRole("button", { name: "Refund ₴99.50" }));
  expect(
    await screen.findByText(/^Asked for: ₴99\.50\. The provider has not answered yet/),
  ).toBeTruthy();
  expect(posts(stage)).toEqual([
    { request: REFUND, body: '{"reason":"asked for","user_id":"42","amount_uah":99.5}' },
  ]);
  expect(stage.keys).toHaveLength(1);
});

test("limits are changed only where they differ, and null is none", async () => {
  const user = setup();
  const PUT = "PUT /api/admin/users/42/limits";
  const stage = await open("/admin/users/42", { ...OF_USER, [PUT]: account() });
  const daily = await screen.findByLabelText("Stop at, each day");
  await user.clear(daily);
  const form = daily.closest("form") as HTMLElement;
  await user.click(within(form).getByRole("button", { name: "Review" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText("$10.00 → no limit")).toBeTruthy();
  await user.click(dialog.getByRole("button", { name: "Change limits" }));
  await screen.findByText("The limits are changed.");
  expect(stage.sent.filter(({ request }) => request === PUT).map(({ body }) => body)).toEqual([
    '{"dailyLimitUsd":null}',
  ]);
});

test("a token that ends in the middle loses nothing of what was typed", async () => {
  const user = setup();
  const stage = await open("/admin/users/42", {
    ...OF_USER,
    [ADJUST]: () => problem(401, "UNAUTHENTICATED"),
  });
  await typeAdjustment(user, "5", "welcome");
  await user.click(await screen.findByRole("button", { name: "Grant $5.00" }));
  await screen.findByText("Your session has ended");
  stage.leave();

  await open("/admin/users/42", OF_USER);
  expect((await screen.findByLabelText<HTMLInputElement>("Amount in USD")).value).toBe("5");
  expect(screen.getByText(/The change of \+\$5\.00 \(welcome\)/)).toBeTruthy();
});

test("markup in what others wrote stays text", async () => {
  const markup = '<img src="x" onerror="alert(1)">';
  await open("/admin/users/42", {
    ...OF_USER,
    "GET /api/admin/users/42": account({ email: markup }, [
      { ...PAYMENT, needs_review: true, review_reason: markup },
    ]),
    "GET /api/admin/users/42/changes": JSON.stringify({
      success: true,
      changes: [
        {
          at: "2026-11-28T09:00:00Z",
          actor: markup,
          action: markup,
          user_id: "42",
          reason: markup,
          before: { [markup]: markup },
          after: {},
        },
      ],
      pagination: { limit: 20, count: 1, next_before: null },
    }),
  });
  await waitFor(() => expect(document.body.textContent.split(markup).length).toBeGreaterThan(6));
  expect(document.querySelector("img")).toBeNull();
});

test("who only gave something is shown as without an account, and given it back", async () => {
  const user = setup();
  const gift = { ...PAYMENT, currency: "USD", amount: "25", received: "25", refunded: "0" };
  const giver = { created_at: null, balance_usd: "0", available_usd: "0", held_usd: "0" };
  const stage = await open("/admin/users/42", {
    ...OF_USER,
    "GET /api/admin/users/42": account(giver, [gift]),
    [REFUND]: wired({
      success: true,
      refund: { status: "succeeded", amount: "25", currency: "USD" },
    }),
  });
  expect(await screen.findByText("no account yet")).toBeTruthy();
  expect(screen.queryByText("active")).toBeNull();
  await user.click(await screen.findByRole("button", { name: "Refund the payment of $25.00" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByLabelText("Reason"), "asked for");
  await user.click(dialog.getByRole("button", { name: "Refund $25.00" }));
  await waitFor(() =>
    expect(posts(stage)).toEqual([
      { request: REFUND, body: '{"reason":"asked for","user_id":"42","amount_usd":25}' },
    ]),
  );
});
