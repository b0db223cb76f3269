import { afterEach, expect, test, vi } from "vitest";

import { createClient, Unreachable } from "../src";

/** A gateway that takes a request and says nothing, as a stopped process does. */
const silent: typeof fetch = (_url, init) =>
  new Promise((_answer, refuse) => {
    init?.signal?.addEventListener("abort", () =>
      refuse(new DOMException("aborted", "AbortError")),
    );
  });

afterEach(() => vi.useRealTimers());

async function outcomeAfter(seconds: number, asked: Promise<unknown>): Promise<unknown> {
  const outcome = asked.then(
    () => "answered",
    (error: unknown) => error,
  );
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  return Promise.race([outcome, Promise.resolve("waiting")]);
}

test("who reads is told after 12 seconds that there is no answer, who pays after 20", async () => {
  vi.useFakeTimers();
  const client = createClient({ base: "", token: () => "token", fetch: silent });
  const read = client.getBalance();
  expect(await outcomeAfter(11, read)).toBe("waiting");
  const late = await outcomeAfter(1, read);
  expect(late).toBeInstanceOf(Unreachable);
  expect(late).toMatchObject({ isLate: true });

  const paid = client.createStripePayment("12.50", { key: "key-1" });
  expect(await outcomeAfter(19, paid)).toBe("waiting");
  expect(await outcomeAfter(1, paid)).toMatchObject({ name: "Unreachable", isLate: true });
});

test("who has no network is told so at once, and it may be tried again at once", async () => {
  const fetch = () => Promise.reject(new TypeError("no network"));
  const client = createClient({ base: "", token: () => "token", fetch });
  const read = client.getBalance();
  await expect(read).rejects.toMatchObject({ name: "Unreachable", isLate: false });
});
