import { afterEach, expect, test, vi } from "vitest";
import { useBilling } from "../src";

const CONFIG = {
  base: "https://billing.example/api/v1",
  token: () => "a-token",
  tenant: () => "demo",
};

afterEach(() => vi.unstubAllGlobals());

interface Asked {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
}

function gateway(...answers: [number, unknown][]): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const { method = "GET", headers = {}, body } = init;
    asked.push({
      url,
      method,
      headers: headers as Record<string, string>,
      body: typeof body === "string" ? JSON.parse(body) : undefined,
    });
    const [status, json] = answers.shift() ?? [500, { code: "INTERNAL_ERROR" }];
    return Promise.resolve(new Response(JSON.stringify(json), { status }));
  });
  return asked;
}

test("the guide's calls ask as the guide writes them", async () => {
  const good: [number, unknown][] = Array.from({ length: 6 }, () => [200, {}]);
  const asked = gateway(...good);
  const billing = useBilling(CONFIG);
  const data = { amountCents: 2500, isAnonymous: false, publicDisplayConsent: true, message: "Hi" };
  await billing.createCheckout(data);
  await billing.getContribution("01HQ");
  await billing.getUserBadge("demo", 42);
  await billing.getMyContributions(2);
  await billing.getSupporters("month");
  await billing.getProgress();
  const root = "https://billing.example/api/v1";
  expect(asked.map(({ method, url }) => `${method} ${url.slice(root.length)}`)).toEqual([
    "POST /contributions/checkout",
    "GET /contributions/01HQ",
    "GET /supporters/demo/42/badge",
    "GET /contributions/me?page=2&limit=20",
    "GET /supporters?period=month&tenant=demo",
    "GET /progress?tenant=demo",
  ]);
  expect(asked[0]?.body).toEqual(data);
  for (const call of [0, 1, 3]) {
    expect(asked[call]?.headers).toMatchObject({
      Authorization: "Bearer a-token",
      "X-Tenant-Id": "demo",
    });
  }
});

test("monthly support is begun, seen, ended, and managed at the provider's", async () => {
  const subscription = { ulid: "01HQ", status: "active" };
  const asked = gateway(
    [200, {}],
    [200, subscription],
    [200, subscription],
    [200, subscription],
    [200, { url: "https://billing.stripe.example/p" }],
  );
  const billing = useBilling(CONFIG);
  const data = { amountCents: 2500, isAnonymous: true, publicDisplayConsent: false };
  await billing.createCheckout({ ...data, interval: "month" });
  expect(await billing.getSubscription()).toEqual(subscription);
  await billing.cancelSubscription();
  await billing.cancelSubscription(false);
  expect(await billing.getPortalUrl()).toBe("https://billing.stripe.example/p");
  const root = "https://billing.example/api/v1";
  expect(asked.map(({ method, url }) => `${method} ${url.slice(root.length)}`)).toEqual([
    "POST /contributions/checkout",
    "GET /contributions/me/subscription",
    "POST /contributions/subscription/cancel",
    "POST /contributions/subscription/cancel",
    "GET /stripe/portal",
  ]);
  const bodies = asked.map(({ body }) => body);
  expect(bodies[0]).toEqual({ ...data, interval: "month" });
  expect(bodies.slice(2, 4)).toEqual([{ atPeriodEnd: true }, { atPeriodEnd: false }]);
  for (const { headers } of asked)
    expect(headers).toMatchObject({ Authorization: "Bearer a-token" });
});

test("who never gave monthly has none, and what is away is not taken for that", async () => {
  gateway([404, { code: "NOT_FOUND" }], [503, { code: "BILLING_UNAVAILABLE" }]);
  const billing = useBilling(CONFIG);
  expect(await billing.getSubscription()).toBeNull();
  await expect(billing.getSubscription()).rejects.toMatchObject({ code: "BILLING_UNAVAILABLE" });
});

test("what fails says the guide's words, and the gateway's code", async () => {
  gateway([503, { code: "BILLING_UNAVAILABLE" }], [503, {}]);
  const billing = useBilling(CONFIG);
  await expect(billing.getProgress()).rejects.toMatchObject({
    message: "Failed to fetch progress",
    code: "BILLING_UNAVAILABLE",
  });
  expect(await billing.getUserBadge("demo", 42)).toBeNull();
});

test("a token that has ended hides no thanks", async () => {
  const asked = gateway([401, { code: "UNAUTHENTICATED" }], [200, { ulid: "01HQ" }]);
  expect(await useBilling(CONFIG).getContribution("01HQ")).toEqual({ ulid: "01HQ" });
  expect(asked[1]?.headers).not.toHaveProperty("Authorization");
});

test("without a token nothing is sent that needs one", async () => {
  const asked = gateway();
  const billing = useBilling({ base: "" });
  await expect(billing.getMyContributions()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  expect(asked).toEqual([]);
});
