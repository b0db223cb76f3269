import assert from "node:assert/strict";
import test from "node:test";

import { readJson } from "../src/gateway.js";
import { dollars, fromMicros, toMicros } from "../src/money.js";

test("an amount is read and written digit for digit", () => {
  for (const text of ["0", "10", "24.65", "-0.5", "0.000001", "9007199254740993.000001"]) {
    assert.equal(fromMicros(toMicros(text)), text);
  }
  assert.equal(fromMicros(toMicros("0.100000")), "0.1");
  assert.equal(fromMicros(toMicros("-0")), "0");
});

test("a seventh decimal, an exponent and what is no number are refused", () => {
  for (const text of ["0.0000001", "1e2", "", ".5", "1.", "+1", "NaN", "1,5"]) {
    assert.throws(() => toMicros(text), RangeError, text);
  }
});

test("a number of JSON that no float can hold keeps all its digits", () => {
  assert.deepEqual(readJson('{"a": [9007199254740993.000001], "b": 0.1}'), {
    a: ["9007199254740993.000001"],
    b: "0.1",
  });
});

test("a sentence has two decimals, or as many more as it needs", () => {
  assert.equal(dollars(500_000n), "$0.50");
  assert.equal(dollars(10_000_000n), "$10.00");
  assert.equal(dollars(9_999_999n), "$9.999999");
  assert.equal(dollars(-1_234_500n), "-$1.2345");
});
