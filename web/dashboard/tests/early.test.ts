import { afterEach, expect, test, vi } from "vitest";

import { createFetch, type Early } from "../src/early";

const PATH = "/api/billing/balance";
const asked = (over: Partial<Early> = {}): Early => ({
  at: Date.now(),
  token: "t1",
  tenant: "demo",
  answers: new Map([[PATH, Promise.resolve(new Response("early"))]]),
  ...over,
});
const as = (token: string, tenant = "demo") => ({
  method: "GET",
  headers: { Authorization: `Bearer ${token}`, "X-Tenant-Id": tenant },
});

afterEach(() => vi.unstubAllGlobals());

function wire() {
  const later = vi.fn(() => Promise.resolve(new Response("later")));
  vi.stubGlobal("fetch", later);
  return later;
}

test("what was asked early is taken once, and asked for from then on", async () => {
  const later = wire();
  const send = createFetch(asked());
  expect(await (await send(PATH, as("t1"))).text()).toBe("early");
  expect(later).not.toHaveBeenCalled();
  expect(await (await send(PATH, as("t1"))).text()).toBe("later");
});

test("nobody sees what was asked early for another, of another tenant, or long ago", async () => {
  wire();
  const told = async (early: Early, init: RequestInit) =>
    (await createFetch(early)(PATH, init)).text();
  expect(await told(asked(), as("t2"))).toBe("later");
  expect(await told(asked(), as("t1", "other"))).toBe("later");
  expect(await told(asked({ at: Date.now() - 20_000 }), as("t1"))).toBe("later");
  expect(await told(asked(), { ...as("t1"), method: "POST" })).toBe("later");
});
