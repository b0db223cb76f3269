import { fromMicros } from "@billing/client";
import { expect, test } from "vitest";

import { leftToRefund, markedUp } from "../src/admin/exact";
import { reasonProblem } from "../src/admin/reason";
import { revenueBars } from "../src/admin/revenue";
import { boxOf, scaleOf } from "../src/ui/bar-scale";

test("a markup is exact and rounds up to a micro, as the gateway does", () => {
  expect(markedUp("0.1", "25")).toBe("0.125");
  expect(markedUp("0.000001", "1")).toBe("0.000002");
  expect(markedUp("0.0333", "12.5")).toBe("0.037463");
  expect(markedUp("0", "300")).toBe("0");
  expect(markedUp("9007199254740993.000001", "0")).toBe("9007199254740993.000001");
});

test("what is asked for and disputed is not left to refund, and what was won again is no more than was paid", () => {
  const payment = { received: "100", refunded: "10", refund_requested: "20.5", disputed: "30" };
  expect(leftToRefund(payment)).toBe("39.5");
  expect(leftToRefund({ ...payment, disputed: "-1" })).toBe("69.5");
  expect(leftToRefund({ ...payment, disputed: "100" })).toBe("0");
  expect(leftToRefund({ ...payment, received: null })).toBe("0");
});

test("a reason is counted in bytes", () => {
  expect(reasonProblem(" \n")).toEqual({ problem: "missing" });
  expect(reasonProblem("ї".repeat(250))).toBeNull();
  expect(reasonProblem("ї".repeat(251))).toEqual({ problem: "long", bytes: 502 });
});

test("a chart has a bar for every day, also for those without a payment", () => {
  const row = {
    date: "2026-11-27",
    currency: "USD",
    received: "5",
    refunded: "0",
    disputed: "0",
    credited_usd: "5",
    payments: 1,
  };
  const rows = [
    { ...row, provider: "stripe", net_usd: "5" },
    { ...row, provider: "fondy", currency: "UAH", net_usd: "-2.5" },
  ];
  const bars = revenueBars(rows, 3, new Date("2026-11-28T23:59:59Z"), (day) => day);
  expect(bars.map(({ key, value }) => [key, fromMicros(value)])).toEqual([
    ["2026-11-26", "0"],
    ["2026-11-27", "2.5"],
    ["2026-11-28", "0"],
  ]);
  expect(bars[1]?.parts?.map(({ name }) => name)).toEqual(["Fondy", "Stripe"]);
});

test("a scale has round lines, holds every value, and goes below zero where one does", () => {
  expect(scaleOf([0n, 7n, 33n], 160).ticks).toEqual([0n, 10n, 20n, 30n, 40n]);
  expect(scaleOf([-3n, 12n], 100).ticks).toEqual([-5n, 0n, 5n, 10n, 15n]);
  expect(scaleOf([], 100).ticks).toEqual([0n]);
  const { y } = scaleOf([100n], 160);
  expect([y(0n), y(50n), y(100n)]).toEqual([160, 80, 0]);
});

test("bars keep their proportion, hang below the line where more came back, and none is invisible", () => {
  const scale = scaleOf([-500_000n, 1_500_000n], 160);
  const box = (from: bigint, to: bigint) => boxOf(scale, { place: 0, from, to });
  expect(box(-500_000n, 0n)).toEqual({ y: 120, height: 40 });
  expect(box(0n, 1_500_000n)).toEqual({ y: 0, height: 120 });
  expect(box(0n, 1n)).toEqual({ y: 118.5, height: 1.5 });
  expect(box(-1n, 0n)).toEqual({ y: 120, height: 1.5 });
  expect(box(0n, 0n).height).toBe(0);
});
