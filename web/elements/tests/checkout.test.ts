import { afterEach, expect, test, vi } from "vitest";
import { Cashier } from "../src/form/checkout";

const DATA = { amountCents: 2500, isAnonymous: true, publicDisplayConsent: false };
const GOOD = { checkout_url: "https://pay.example/1", contribution_ulid: "01", status: "pending" };

afterEach(() => vi.unstubAllGlobals());

/** Answers by turns; gives the keys under which was asked. */
function gateway(...answers: (object | number)[]): string[] {
  const keys: string[] = [];
  vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
    keys.push((init.headers as Record<string, string>)["Idempotency-Key"] ?? "");
    const answer = answers.shift() ?? 500;
    if (answer === 0) return Promise.reject(new TypeError("no network"));
    const isGood = typeof answer === "object";
    const body = isGood
      ? answer
      : { code: answer === 504 ? "PAYMENT_PROVIDER_TIMEOUT" : "INVALID_REQUEST" };
    return Promise.resolve(new Response(JSON.stringify(body), { status: isGood ? 200 : answer }));
  });
  return keys;
}

const begin = (cashier: Cashier, data = DATA) => cashier.begin("", "demo", "token", data);

test("a contribution whose answer was lost is begun again under its own key", async () => {
  const keys = gateway(0, 504, GOOD, GOOD);
  const cashier = new Cashier();
  await expect(begin(cashier)).rejects.toMatchObject({ code: "UNREACHABLE" });
  await expect(begin(cashier)).rejects.toMatchObject({ code: "PAYMENT_PROVIDER_TIMEOUT" });
  await expect(begin(cashier)).resolves.toMatchObject({ checkoutUrl: "https://pay.example/1" });
  await begin(cashier);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).toBe(keys[0]);
  expect(keys[3]).not.toBe(keys[0]);
});

test("other content, or a refusal, takes another key", async () => {
  const keys = gateway(0, 400, GOOD);
  const cashier = new Cashier();
  await expect(begin(cashier)).rejects.toThrow();
  const other = { ...DATA, amountCents: 5000 };
  await expect(begin(cashier, other)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  await begin(cashier, other);
  expect(new Set(keys).size).toBe(3);
});

test("nobody is led to what cannot be paid, or to what is no page", async () => {
  gateway({ ...GOOD, status: "completed" }, { ...GOOD, checkout_url: "javascript:alert(1)" });
  await expect(begin(new Cashier())).rejects.toMatchObject({ code: "CONTRIBUTION_ENDED" });
  await expect(begin(new Cashier())).rejects.toMatchObject({ code: "PAYMENT_PROVIDER_REFUSED" });
});
