import { expect, test } from "vitest";

import { ApiError, createClient, isAway, Unreachable } from "../src";

/** The world outside: what comes over the wire. */
function answering(answer: () => Response | Promise<Response>) {
  const sent: { url: string; init: RequestInit }[] = [];
  let refused = 0;
  const client = createClient({
    base: "https://billing.example",
    token: () => "token",
    onUnauthorized: () => refused++,
    fetch: async (url, init) => {
      sent.push({ url: String(url), init: init ?? {} });
      return answer();
    },
  });
  return { client, sent, refused: () => refused };
}

const problem = (status: number, body: object, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers });

test("a payment is sent once, with its key and its amount as a number", async () => {
  const { client, sent } = answering(() => {
    throw new TypeError("no network");
  });
  const creating = client.createStripePayment("12.50", { key: "key-1", hosted: true });
  await expect(creating).rejects.toBeInstanceOf(Unreachable);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.init.body).toBe('{"amount_usd":12.50,"hosted":true}');
  expect(sent[0]?.init.headers).toMatchObject({
    "Idempotency-Key": "key-1",
    Authorization: "Bearer token",
  });
});

test("a refusal tells its code, its fields and when to try again", async () => {
  const { client } = answering(() =>
    problem(
      429,
      { code: "RATE_LIMITED", message: "slow down", errors: [{ field: "a", message: "b" }] },
      { "Retry-After": "3" },
    ),
  );
  const error: unknown = await client.getBalance().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 429, code: "RATE_LIMITED", retryAfter: 3 });
  expect((error as ApiError).fields).toEqual([{ field: "a", message: "b" }]);
  expect(isAway(error)).toBe(false);
});

test("an empty 503 of a proxy is the service being away, not an empty answer", async () => {
  const { client } = answering(() => new Response(null, { status: 503 }));
  const error: unknown = await client.getBalance().catch((thrown: unknown) => thrown);
  expect(isAway(error)).toBe(true);
});

test("a 401 ends the session", async () => {
  const stage = answering(() => problem(401, { code: "UNAUTHENTICATED", message: "sign in" }));
  await expect(stage.client.getMe()).rejects.toMatchObject({ status: 401 });
  expect(stage.refused()).toBe(1);
});

test("filters that are not set are not sent", async () => {
  const { client, sent } = answering(() => problem(200, {}));
  await client.getHistory({ limit: 5, type: "charge", tool: "", before: undefined });
  expect(sent[0]?.url).toBe("https://billing.example/api/billing/history?limit=5&type=charge");
});
