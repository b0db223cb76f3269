import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { save } from "../src/transactions/csv";
import { asked, readFilters, writeFilters } from "../src/transactions/filters";
import { open, problem } from "./stage";

const CHARGE = {
  id: "a-42",
  user_id: "u1",
  type: "charge",
  amount_usd: -0.0525,
  amount_uah: -2.17,
  balance_before_usd: 24.7025,
  balance_after_usd: 24.65,
  tool: "<b>search</b>",
  request_id: "req-42",
  hold_id: "hold-7",
  price_version: 3,
  payment_id: null,
  payment_provider: null,
  description: "<img src=x onerror=alert(1)>",
  metadata: { matter: "A-17" },
  enforced: true,
  created_at: "2026-11-28T22:30:00Z",
};
const TOPUP = {
  ...CHARGE,
  id: "a-41",
  type: "topup",
  amount_usd: 25,
  tool: null,
  description: null,
  request_id: null,
  hold_id: null,
  price_version: null,
  metadata: {},
  payment_id: "p-1",
  payment_provider: "stripe",
};
const REVERSAL = { ...TOPUP, id: "a-40", type: "refund", amount_usd: -10 };
const HISTORY = "GET /api/billing/history";
const CSV = "GET /api/billing/history.csv";

const page = (transactions: object[], next: string | null = null) =>
  JSON.stringify({
    transactions,
    pagination: { limit: 200, offset: 0, count: transactions.length, next_before: next },
  });
const USAGE = JSON.stringify({
  usage: {
    by_day: [],
    by_tool: [{ tool: "summary", spent_usd: 1, requests: 1 }],
    time_zone: "Europe/Kyiv",
  },
});
const ROUTES = { [HISTORY]: page([CHARGE, TOPUP, REVERSAL]), "GET /api/billing/usage": USAGE };

const asksOf = (sent: { request: string }[], path = HISTORY) =>
  sent.map(({ request }) => request).filter((request) => request.startsWith(`${path}?`));

afterEach(() => vi.restoreAllMocks());

test("money has the signs of our mails, days are the account's, and markup stays text", async () => {
  await open("/transactions", ROUTES);
  expect(await screen.findByText("\u2212$0.0525")).toBeTruthy();
  expect(screen.getByText("+$25.00")).toBeTruthy();
  expect(screen.getByText("Payment taken back")).toBeTruthy();
  expect(screen.getByText("<b>search</b>")).toBeTruthy();
  // Half past ten in the evening of UTC is the next day in Kyiv.
  expect(screen.getAllByText(/29 Nov.*00:30/).length).toBeGreaterThan(0);
  const table = screen.getByRole("table", { name: "Transactions" });
  expect(table.getAttribute("aria-rowcount")).toBe("4");
  expect(
    within(table)
      .getAllByRole("row")
      .map((row) => row.getAttribute("aria-rowindex")),
  ).toEqual(["1", "2", "3", "4"]);
});

test("a row opens to everything that is known of it, and of its payment", async () => {
  await open("/transactions", {
    ...ROUTES,
    "GET /api/billing/payment/stripe/p-1/status": JSON.stringify({
      payment_id: "p-1",
      provider: "stripe",
      status: "succeeded",
      amount: 25,
      currency: "USD",
      refunded: 10,
      disputed: 0,
    }),
  });
  const row = await screen.findByRole("button", { name: /<b>search<\/b>/ });
  fireEvent.click(row);
  expect(row.getAttribute("aria-expanded")).toBe("true");
  for (const text of [
    "req-42",
    "hold-7",
    "3",
    "$24.7025",
    "A-17",
    "<img src=x onerror=alert(1)>",
  ]) {
    expect(screen.getAllByText(text).length, text).toBeGreaterThan(0);
  }
  fireEvent.click(screen.getByRole("button", { name: /Top-up/ }));
  expect(await screen.findByText(/paid, \$10.00 given back/)).toBeTruthy();
  const link = screen.getByRole("link", { name: "See the payment" });
  expect(link.getAttribute("href")).toBe("/top-up/return?payment=p-1");
});

test("the arrows go from row to row", async () => {
  await open("/transactions", ROUTES);
  const first = await screen.findByRole("button", { name: /<b>search<\/b>/ });
  first.focus();
  fireEvent.keyDown(first, { key: "ArrowDown" });
  const second = screen.getByRole("button", { name: /Top-up/ });
  await waitFor(() => expect(document.activeElement).toBe(second));
});

test("filters make the request, and a link with them makes the same one", async () => {
  const user = userEvent.setup();
  const stage = await open(
    "/transactions?tool=summary&from=2026-11-01&to=2026-11-30&type=nonsense",
    ROUTES,
  );
  await screen.findByText("+$25.00");
  const filtered = "tool=summary&from=2026-11-01&to=2026-12-01&limit=200";
  expect(asksOf(stage.sent)).toContain(`${HISTORY}?${filtered}`);
  await user.selectOptions(screen.getByLabelText("Kind"), "Charge");
  await waitFor(() => expect(asksOf(stage.sent)).toContain(`${HISTORY}?type=charge&${filtered}`));
  fireEvent.change(screen.getByLabelText("To"), { target: { value: "2026-10-31" } });
  expect(await screen.findByText("The first day is after the last.")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Clear filters" }));
  await waitFor(() => expect(asksOf(stage.sent)).toContain(`${HISTORY}?limit=200`));
});

test("the address says the filters and nothing else is lost from it", () => {
  const filters = readFilters(
    new URLSearchParams("type=topup&from=2026-02-31&to=2026-02-28&tool="),
  );
  expect(filters).toEqual({ type: "topup", to: "2026-02-28" });
  expect(asked(filters).to).toBe("2026-03-01");
  expect(writeFilters({ tool: "a&b" }, new URLSearchParams("x=1&type=topup")).toString()).toBe(
    "x=1&tool=a%26b",
  );
});

test("more is loaded behind the last row, by what is older than it, and a failure keeps what is there", async () => {
  const user = userEvent.setup();
  const first = [page([CHARGE, TOPUP], "a-41")];
  const answer = () => {
    const known = first.shift();
    return known ? new Response(known) : problem(503, "BILLING_UNAVAILABLE");
  };
  const stage = await open("/transactions", { ...ROUTES, [HISTORY]: answer });
  expect(await screen.findByText("More could not be loaded.")).toBeTruthy();
  expect(screen.getByText("+$25.00")).toBeTruthy();
  expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("-1");
  stage.answers[HISTORY] = page([REVERSAL]);
  await user.click(screen.getByRole("button", { name: "Load more" }));
  expect(await screen.findByText("\u2212$10.00")).toBeTruthy();
  expect(asksOf(stage.sent)).toContain(`${HISTORY}?limit=200&before=a-41`);
  expect(screen.getByText(/3 transactions\./)).toBeTruthy();
});

test("nothing at all and nothing that fits are told apart", async () => {
  await open("/transactions?type=refund", { ...ROUTES, [HISTORY]: page([]) });
  expect(await screen.findByText("Nothing matches these filters")).toBeTruthy();
  document.body.replaceChildren();
  await open("/transactions", { ...ROUTES, [HISTORY]: page([]) });
  expect(await screen.findByText("No transactions yet")).toBeTruthy();
});

test("the file has what is filtered, and its rows are counted", async () => {
  const blobs: Blob[] = [];
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    blobs.push(blob as Blob);
    return "blob:1";
  });
  const text = '\ufeffid,description\r\na-2,"two\r\nlines, ""quoted"""\r\na-1,\r\n';
  const stage = await open("/transactions?type=charge&to=2026-11-30", { ...ROUTES, [CSV]: text });
  fireEvent.click(await screen.findByRole("button", { name: "Save as CSV" }));
  expect(await screen.findByText("Saved: 2 rows.")).toBeTruthy();
  expect(asksOf(stage.sent, CSV)).toEqual([`${CSV}?type=charge&to=2026-12-01`]);
  expect(await blobs[0]?.text()).toBe(text);
});

test("a file that breaks off, or is stopped, is not kept", async () => {
  const bytes = new TextEncoder().encode("id\r\na-1\r\n");
  const ends: string[] = [];
  const sink = {
    write: () => Promise.resolve(),
    finish: () => Promise.resolve(void ends.push("kept")),
    discard: () => Promise.resolve(void ends.push("discarded")),
  };
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (stream) => stream.error(new TypeError("terminated")),
  });
  const signal = new AbortController();
  await expect(
    save(
      () => Promise.resolve(broken),
      sink,
      signal.signal,
      () => {},
    ),
  ).rejects.toThrow("broke off");
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (stream) => stream.enqueue(bytes),
  });
  const stopped = save(
    () => Promise.resolve(endless),
    sink,
    signal.signal,
    ({ rows }) => {
      if (rows > 3) signal.abort();
    },
  );
  await expect(stopped).rejects.toHaveProperty("name", "AbortError");
  expect(ends).toEqual(["discarded", "discarded"]);
});
