import { expect, test } from "vitest";
import { chosenAtFirst, dataOf, type Draft, emptyDraft, problemsOf } from "../src/form/draft";
import { termsOf } from "../src/form/terms";

const NOTHING = {
  presetAmounts: undefined,
  minAmount: undefined,
  maxAmount: undefined,
  wording: undefined,
  wordingVersion: undefined,
  monthly: false,
};
const TERMS = termsOf(NOTHING, undefined);

function draft(change: Partial<Draft>): Draft {
  return { ...emptyDraft(), amount: "2500", consent: true, ...change };
}

test("the guide's amounts are offered, with 25 dollars chosen", () => {
  expect(TERMS).toMatchObject({ presets: [1000n, 2500n, 5000n], least: 500n, most: 1_000_000n });
  expect(chosenAtFirst(TERMS.presets)).toBe("2500");
  expect(chosenAtFirst([500n, 700n, 900n, 1100n])).toBe("700");
  expect(chosenAtFirst([])).toBe("other");
});

test("the page's word holds, then the tenant's", () => {
  const tenant = {
    min_amount_cents: 700,
    max_amount_cents: 90_000,
    presets_cents: [700, 1400],
    wording: "Name me",
    wording_version: "v7",
  };
  expect(termsOf(NOTHING, tenant)).toMatchObject({ presets: [700n, 1400n], wordingVersion: "v7" });
  const ours = termsOf({ ...NOTHING, presetAmounts: [8], wording: "Show me" }, tenant);
  // The version is that of the tenant's words.
  expect(ours).toMatchObject({
    presets: [800n],
    least: 700n,
    wording: "Show me",
    wordingVersion: "",
  });
});

test("nobody consents by leaving things as they are", () => {
  expect(emptyDraft().consent).toBe(false);
  expect(problemsOf(draft({ consent: false }), TERMS, "en")).toEqual({ consent: "consent" });
  expect(problemsOf(draft({ consent: false, isAnonymous: true }), TERMS, "en")).toEqual({});
});

test("anonymous stands above consent", () => {
  expect(dataOf(draft({ isAnonymous: true, consent: true }), TERMS, "en")).toEqual({
    amountCents: 2500,
    isAnonymous: true,
    publicDisplayConsent: false,
  });
});

test("a contribution is monthly only where somebody was asked, and chose it", () => {
  const chosen = draft({ isMonthly: true });
  const asking = termsOf({ ...NOTHING, monthly: true }, undefined);
  expect(emptyDraft().isMonthly).toBe(false);
  expect(dataOf(draft({}), asking, "en")).not.toHaveProperty("interval");
  expect(dataOf(chosen, asking, "en")).toMatchObject({ interval: "month", amountCents: 2500 });
  // Chosen on a page that asks, and put back into one that does not.
  expect(dataOf(chosen, TERMS, "en")).not.toHaveProperty("interval");
});

test("an amount of one's own is held to the bounds", () => {
  const problem = (other: string): string | undefined =>
    problemsOf(draft({ amount: "other", other }), TERMS, "en").amount;
  expect(problem("5")).toBeUndefined();
  expect(problem("10,000")).toBeUndefined();
  expect(problem("4.99")).toBe("below");
  expect(problem("10000.01")).toBe("above");
  expect(problem("")).toBe("choose");
  expect(problem("ten")).toBe("no-amount");
  expect(problemsOf(draft({ amount: "99" }), TERMS, "en").amount).toBe("choose");
});

test("a message is counted in characters, and only line feeds control it", () => {
  expect(problemsOf(draft({ message: "🎉".repeat(500) }), TERMS, "en")).toEqual({});
  expect(problemsOf(draft({ message: "🎉".repeat(501) }), TERMS, "en")).toEqual({
    message: "long",
  });
  expect(dataOf(draft({ message: " a\tb\nc\u0007 " }), TERMS, "en").message).toBe("a b\nc");
});
