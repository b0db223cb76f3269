import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { addDays, eachDay, isDay, today } from "../src/usage/days";
import { rangeFault, readRange } from "../src/usage/range";
import { average, everyDay, share, total } from "../src/usage/series";
import { open } from "./stage";

afterEach(() => {
  vi.useRealTimers();
});

const USAGE = "GET /api/billing/usage";
const usage = (by_day: object[], by_tool: object[] = []) =>
  JSON.stringify({ usage: { by_day, by_tool, time_zone: "Europe/Kyiv" } });
const NOON = Date.parse("2026-11-28T12:00:00Z");
const TODAY = today("Europe/Kyiv", Date.now());
const YESTERDAY = addDays(TODAY, -1);

const SOME = usage(
  [
    { date: YESTERDAY, spent_usd: 0.1, requests: 2 },
    { date: TODAY, spent_usd: 0.200001, requests: 1 },
  ],
  [
    { tool: "<i>search</i>", spent_usd: 0.200001, requests: 2 },
    { tool: null, spent_usd: 0.1, requests: 1 },
  ],
);

test("sums are exact, and empty days stand there as empty", async () => {
  await open("/usage?days=7", { [USAGE]: SOME });
  // 0.1 + 0.200001 of floats is 0.300001000…04.
  expect((await screen.findAllByText("$0.300001")).length).toBeGreaterThan(0);
  expect(screen.getByText(/Days are those of Europe\/Kyiv/)).toBeTruthy();
  const table = screen.getByRole("table", { name: "Spent on each day", hidden: true });
  const days = within(table).getAllByRole("row", { hidden: true });
  // A head, seven days, a sum.
  expect(days).toHaveLength(9);
  expect(within(table).getAllByText("$0.00")).toHaveLength(5);
});

test("a tool's name stays text, and leads to its transactions of the same days", async () => {
  await open("/usage?from=2026-11-01&to=2026-11-07", { [USAGE]: SOME });
  const link = await screen.findByRole("link", { name: "Transactions of <i>search</i>" });
  expect(link.textContent).toBe("<i>search</i>");
  expect(link.getAttribute("href")).toBe(
    "/transactions?tool=%3Ci%3Esearch%3C%2Fi%3E&from=2026-11-01&to=2026-11-07",
  );
  expect(screen.getByText("Without a tool")).toBeTruthy();
});

test("the chart is read by keyboard, day by day", async () => {
  await open("/usage?days=7", { [USAGE]: SOME });
  const chart = await screen.findByRole("slider", { name: /^Spent by day/ });
  expect(chart.getAttribute("aria-valuetext")).toMatch(/\$0\.200001, 1 call$/);
  fireEvent.focus(chart);
  fireEvent.keyDown(chart, { key: "ArrowLeft" });
  expect(chart.getAttribute("aria-valuetext")).toMatch(/\$0\.10, 2 calls$/);
  expect(screen.getByText(/\$0\.10, 2 calls$/)).toBeTruthy();
  fireEvent.keyDown(chart, { key: "Home" });
  expect(chart.getAttribute("aria-valuetext")).toMatch(/: nothing$/);
});

test("only the days of the account are asked for, also where the browser still has the day before", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-28T22:30:00Z") });
  const stage = await open("/usage?days=7", { [USAGE]: SOME });
  await screen.findByRole("slider", { name: /^Spent by day/ });
  const asked = stage.sent.map(({ request }) => request).filter((of) => of.startsWith(USAGE));
  expect(asked).toEqual([`${USAGE}?from=2026-11-23`]);
});

test("a range is asked for by days of the account, and days of one's own only if they can be", async () => {
  const user = userEvent.setup();
  const stage = await open("/usage", { [USAGE]: SOME }, "uk");
  const asked = () => stage.sent.map(({ request }) => request).filter((of) => of.startsWith(USAGE));
  await waitFor(() => expect(asked().at(-1)).toBe(`${USAGE}?from=${addDays(TODAY, -29)}`));
  await user.click(await screen.findByLabelText("90 днів"));
  await waitFor(() => expect(asked().at(-1)).toBe(`${USAGE}?from=${addDays(TODAY, -89)}`));
  await user.click(screen.getByLabelText("Власні дні"));
  const show = screen.getByRole("button", { name: "Показати" });
  fireEvent.change(screen.getByLabelText("Перший день"), { target: { value: "2026-03-10" } });
  fireEvent.change(screen.getByLabelText("Останній день"), { target: { value: "2026-03-01" } });
  await user.click(show);
  expect(screen.getByText("Перший день пізніший за останній.")).toBeTruthy();
  fireEvent.change(screen.getByLabelText("Останній день"), { target: { value: "2026-03-31" } });
  await user.click(show);
  await waitFor(() => expect(asked().at(-1)).toBe(`${USAGE}?from=2026-03-10&to=2026-04-01`));
});

test("nothing spent is called that", async () => {
  await open("/usage", { [USAGE]: usage([]) });
  expect(await screen.findByText("Nothing was spent in this time")).toBeTruthy();
  expect(screen.getByText("none")).toBeTruthy();
});

test("days are counted by the calendar", () => {
  expect(eachDay("2026-03-28", "2026-03-30")).toEqual(["2026-03-28", "2026-03-29", "2026-03-30"]);
  expect(["2026-02-31", "2026-2-1", "", "2026-13-01"].filter(isDay)).toEqual([]);
  expect(today("Pacific/Kiritimati", NOON)).toBe("2026-11-29");
  expect(today("No/Where", NOON)).toBe("2026-11-28");
  expect(rangeFault("2025-11-28", "2026-11-28", "2026-11-28")).toBeUndefined();
  expect(rangeFault("2025-11-27", "2026-11-28", "2026-11-28")).toBe("too-long");
  expect(readRange(new URLSearchParams("from=2026-12-01&to=2026-12-02"), "2026-11-28")).toEqual({
    days: 30,
  });
});

test("sums of days are exact, and an average is rounded to a micro", () => {
  const day = (date: string, spent_usd: string) => ({ date, spent_usd, requests: 1 });
  const known = [
    day("2026-11-01", "-0.5"),
    day("2026-11-02", "1.5"),
    day("2026-11-04", "0.000001"),
  ];
  const days = everyDay("2026-11-01", "2026-11-04", known);
  expect(total(days)).toEqual({ micros: 1_000_001n, requests: 3 });
  expect(average({ micros: 2n, requests: 3 })).toBe(1n);
  expect(average({ micros: -3n, requests: 2 })).toBe(-2n);
  expect(average({ micros: 0n, requests: 0 })).toBeUndefined();
  expect(share(-1n, 3n)).toBe(0);
});
