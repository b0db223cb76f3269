/** The same cases as the core's own (billing-core/src/price/cost.rs). */
import assert from "node:assert/strict";
import test from "node:test";

import { costOf, PriceError, type Price } from "../src/price.js";

type Part = [unit: string, amountMicros: bigint, perUnits: bigint];

function priceOf(perCallMicros: bigint, parts: Part[], free = false): Price {
  const units = parts.map(([unit, amountMicros, perUnits]) => ({ unit, amountMicros, perUnits }));
  return { tool: "t", free, freeCallsPerDay: 0, perCallMicros, units, version: 1, validFrom: "" };
}

function cost(price: Price, quantities: Record<string, bigint>): bigint {
  return costOf(price, new Map(Object.entries(quantities)));
}

test("parts are added before they are rounded up", () => {
  const price = priceOf(10n, [
    ["in", 1n, 3n],
    ["out", 1n, 3n],
  ]);
  assert.equal(cost(price, { in: 1n, out: 1n }), 11n);
  assert.equal(cost(price, { in: 2n, out: 1n }), 11n);
  assert.equal(cost(price, { in: 2n, out: 2n }), 12n);
  assert.equal(cost(price, { in: 0n, out: 0n }), 10n);
});

test("fifteen cents a million tokens is exact", () => {
  const price = priceOf(0n, [["tokens", 150_000n, 1_000_000n]]);
  assert.equal(cost(price, { tokens: 1_000_000n }), 150_000n);
  assert.equal(cost(price, { tokens: 1n }), 1n);
  assert.equal(cost(price, { tokens: 7n }), 2n);
});

test("a unit that is unknown or missing is named, with those that are asked for", () => {
  const price = priceOf(0n, [["tokens", 1n, 1n]]);
  assert.throws(() => cost(price, { tokens: 1n, bytes: 1n }), /"bytes".*"tokens"/);
  assert.throws(() => cost(price, {}), /"tokens" is missing/);
  assert.throws(() => cost(priceOf(1n, []), { bytes: 1n }), /pass no quantities/);
});

test("a free tool costs nothing but its units are still checked", () => {
  const price = priceOf(5n, [["tokens", 1n, 1n]], true);
  assert.equal(cost(price, { tokens: 9n }), 0n);
  assert.throws(() => cost(price, {}), PriceError);
});

test("more than an amount may be is refused", () => {
  const most = 1_000_000_000_000_000n;
  const price = priceOf(0n, [["a", most, 1n]]);
  assert.equal(cost(price, { a: 1n }), most);
  assert.throws(() => cost(price, { a: 2n }), PriceError);
  assert.throws(() => cost(price, { a: 2n ** 63n - 1n }), PriceError);
});

test("the cost is the exact sum rounded up", () => {
  let seed = 20261129n;
  const random = (below: bigint) => {
    seed = (seed * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return (seed >> 20n) % below;
  };
  for (let round = 0; round < 2_000; round += 1) {
    const perCall = random(1_000_000n);
    const names = ["a", "b", "c"].slice(0, Number(random(4n)));
    const parts = names.map((name): Part => [name, random(1_000_000n), 1n + random(999n)]);
    const uses = Object.fromEntries(names.map((name) => [name, random(1_000_000n)]));
    const found = cost(priceOf(perCall, parts), uses);
    // By comparison alone: the cost is the least whole number that is not below the sum.
    const product = parts.reduce((all, [, , per]) => all * per, 1n);
    const sum = parts.reduce(
      (all, [name, amount, per]) => all + (amount * (uses[name] ?? 0n) * product) / per,
      perCall * product,
    );
    assert.ok(found * product >= sum && (found - 1n) * product < sum, `round ${round}`);
  }
});
