// @vitest-environment node
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { answers, SPONSORSHIP, ULID } from "../../elements/tests/answers";
import { axe, hasBrowser, openStage, type Stage, violationsOf } from "../../elements/tests/stage";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const HERE = fileURLToPath(new URL(".", import.meta.url));
const CONTRIBUTION = {
  ulid: ULID,
  amount_cents: 2500,
  status: "completed",
  badge_earned: "bronze",
  total_cents: 7500,
  next_badge: "silver",
  next_badge_amount_cents: 10_000,
  created_at: "2026-11-28T12:00:00Z",
};
const SUPPORTER = {
  display_name: "Alice J.",
  is_anonymous: false,
  show_badge: false,
  badge_level: "bronze",
  total_cents: 7500,
  contribution_count: 3,
  first_contribution_at: "2024-06-15T00:00:00Z",
  next_badge: "silver",
  next_badge_amount_cents: 10_000,
};
const OWN = {
  ulid: ULID,
  amount_cents: 2500,
  net_cents: 1500,
  status: "completed",
  is_anonymous: true,
  message: "<i>Keep up!</i>",
  message_is_shown: false,
  created_at: "2026-11-28T12:00:00Z",
  paid_at: "2026-11-28T12:01:10Z",
};

describe.skipIf(!hasBrowser)("the support pages in a real browser", () => {
  let stage: Stage;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pages-"));
    const outDir = join(folder, "dist");
    // As it is published: under test packages are resolved to what helps developers.
    vi.stubEnv("NODE_ENV", "production");
    await build({
      root: join(HERE, ".."),
      logLevel: "error",
      build: { outDir, emptyOutDir: true },
    });
    stage = await openStage();
    stage.folders.set("/", outDir);
    const theme = join(HERE, "../../dashboard/public/theme.js");
    stage.documents.set("/app/theme.js", await readFile(theme, "utf8"));
    stage.documents.set("/paid", "<title>There</title>");
    stage.documents.set("/login", "<title>Login</title>");
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    stage.calls.length = 0;
    stage.answers.clear();
    for (const [route, answer] of answers()) stage.answers.set(route, answer);
    const config = {
      api_base: "",
      tenant: "demo",
      tenant_name: "OpenMeet",
      login_url: "/login",
      token_links: true,
    };
    stage.answers.set("GET /app/config.json", { json: config });
    stage.answers.set("GET /api/billing/me", {
      json: { user_id: "42", email: null, is_admin: false },
    });
    stage.answers.set(`GET /api/v1/contributions/${ULID}`, { json: CONTRIBUTION });
    stage.answers.set("GET /api/v1/supporters/me", { json: SUPPORTER });
    stage.answers.set("GET /api/v1/contributions/me", {
      json: { data: [OWN], total: 1, total_cents: 7500, badge_level: "bronze" },
    });
    stage.answers.set("POST /api/v1/contributions/checkout", {
      json: { checkout_url: `${stage.origin}/paid`, contribution_ulid: ULID, status: "pending" },
    });
  });

  const pay = (page: Page) => page.getByRole("button", { name: "Continue to Payment" });

  test("what was entered outlives the sign-in and a visit to the payment page that was left", async () => {
    const page = await stage.open("/support");
    await page.getByRole("radio", { name: "Other amount" }).check();
    await page.getByRole("textbox", { name: "Amount in US dollars" }).fill("12.50");
    await page.getByRole("checkbox", { name: /anonymous/ }).check();
    await pay(page).click();
    await page.waitForURL("**/login?*");
    expect(new URL(page.url()).searchParams.get("return_to")).toBe(`${stage.origin}/support`);
    await page.goto(`${stage.origin}/support#token=a.b.c`);
    const amount = page.getByRole("textbox", { name: "Amount in US dollars" });
    expect(await amount.inputValue()).toBe("12.50");
    // Who has no address with the platform is asked where the receipt goes.
    await page.getByRole("textbox", { name: "E-mail address for the receipt" }).waitFor();
    await pay(page).click();
    await page.waitForURL("**/paid");
    await page.goto(`${stage.origin}/support?cancelled=true`);
    await page.getByText("nothing was charged").waitFor();
    expect(await amount.inputValue()).toBe("12.50");
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
  });

  test("that payments are paused is said to strangers too, with the operator's reason", async () => {
    const paused = { payments_paused: true, payments_paused_reason: "<b>Moving</b> banks" };
    stage.answers.set("GET /api/v1/sponsorship", { json: { ...SPONSORSHIP, ...paused } });
    const page = await stage.open("/support");
    await page.getByText(/^Payments are paused at present.* <b>Moving<\/b> banks$/).waitFor();
    // Once more above the button, which does nothing.
    await page.getByText("Payments are paused. <b>Moving</b> banks").waitFor();
    expect(await pay(page).getAttribute("aria-disabled")).toBe("true");
    await page.context().close();
  });

  test("colours that were chosen in the dashboard are those of the support pages", async () => {
    const page = await stage.open("/support", { colorScheme: "light" });
    await page.getByRole("meter").waitFor();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.evaluate(() => localStorage.setItem("billing.theme", "dark"));
    await page.reload();
    await page.getByRole("meter").waitFor();
    expect(await ground()).not.toBe(light);
    await page.context().close();
  });

  test("thanks tells total, badge and what is missing, and the link to share names no contribution", async () => {
    const page = await stage.open(`/support/thank-you?contribution=${ULID}`);
    await page.getByText("Your $25 contribution brings your total to $75").waitFor();
    // 50 dollars were bronze already.
    await page.getByText("Your badge is Bronze. $25 more earns you the Silver badge.").waitFor();
    expect(page.url()).toBe(`${stage.origin}/support/thank-you`);
    const link = page.getByRole("textbox", { name: "Link to share" });
    expect(await link.inputValue()).toBe(`${stage.origin}/support`);
    await page.reload();
    await page.getByText("brings your total to $75").waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
  });

  test("thanks waits for the payment, and says so until it has come", async () => {
    const route = `GET /api/v1/contributions/${ULID}`;
    const unknown = {
      badge_earned: null,
      total_cents: null,
      next_badge: null,
      next_badge_amount_cents: null,
    };
    stage.answers.set(route, { json: { ...CONTRIBUTION, ...unknown, status: "pending" } });
    const page = await stage.open(`/support/thank-you?contribution=${ULID}`);
    await page.getByRole("heading", { name: "We are waiting for your payment" }).waitFor();
    expect(await page.getByText("Tell others").count()).toBe(0);
    stage.answers.set(route, { json: { ...CONTRIBUTION, total_cents: 2500 } });
    await page.getByText("You have earned the Bronze badge.").waitFor();
    await page.context().close();
  });

  test("thanks does not thank for what failed, was given back, or is not known", async () => {
    const route = `GET /api/v1/contributions/${ULID}`;
    for (const [status, words] of [
      ["failed", "The payment did not go through"],
      ["refunded", "This contribution was given back"],
    ]) {
      stage.answers.set(route, { json: { ...CONTRIBUTION, status } });
      const page = await stage.open(`/support/thank-you?contribution=${ULID}`);
      await page.getByRole("heading", { name: words ?? "" }).waitFor();
      await page.context().close();
    }
    stage.answers.delete(route);
    const page = await stage.open(`/support/thank-you?contribution=${ULID}`);
    await page.getByRole("heading", { name: "We do not know this contribution" }).waitFor();
    await page.context().close();
  });

  test("who agreed to be named, and has no name, is told how to be", async () => {
    stage.answers.set("GET /api/v1/supporters/me", { json: { ...SUPPORTER, display_name: null } });
    stage.answers.set("GET /api/v1/contributions/me", {
      json: { data: [{ ...OWN, is_anonymous: false }], total: 1, total_cents: 7500 },
    });
    const page = await stage.open(`/support/thank-you?contribution=${ULID}#token=a.b.c`);
    await page.getByText("You agreed to be named, but we know no name of yours.").waitFor();
    await page.goto(`${stage.origin}/settings/contributions`);
    await page.getByText("Not named yet: enter your display name").waitFor();
    await page.context().close();
  });

  test("thanks stands by itself: after a payment link, without billing, and without scripts", async () => {
    const linked = await stage.open("/support/thank-you?session_id=cs_1");
    await linked.getByRole("heading", { name: "Thank you for supporting OpenMeet!" }).waitFor();
    await linked.context().close();
    const plain = await stage.open("/support/thank-you");
    await plain.getByRole("heading", { name: "Your contribution" }).waitFor();
    expect(await plain.getByText(/Thank you|Stripe/).count()).toBe(0);
    // As the page of before there was billing (docs/phase-0.md), whose address this one takes over.
    await plain.getByText("If none has come within a day").waitFor();
    await plain.context().close();
    stage.answers.set("GET /app/config.json", { status: 503, json: {} });
    for (const javaScriptEnabled of [true, false]) {
      const page = await stage.open("/support/thank-you", { javaScriptEnabled });
      await page.getByText("Stripe sends the receipt").waitFor();
      await page.context().close();
    }
  });

  test("a link that signs in is followed on the page that is open already, and each user sees their own alone", async () => {
    const page = await stage.open("/settings/contributions");
    await page.getByText("Sign in to see what you gave.").waitFor();
    await page.goto(`${stage.origin}/settings/contributions#token=a.eyJzdWIiOiJ1MSJ9.c`);
    await page.getByText("<i>Keep up!</i>").waitFor();
    stage.answers.set("GET /api/v1/contributions/me", {
      json: { data: [], total: 0, total_cents: 0, badge_level: null },
    });
    await page.goto(`${stage.origin}/settings/contributions#token=a.eyJzdWIiOiJ1MiJ9.c`);
    await page.getByText("You have not given yet.").waitFor();
    expect(await page.getByText("<i>Keep up!</i>").count()).toBe(0);
    await page.context().close();
  });

  test("a contribution takes its giver's name on only after they agreed", async () => {
    const page = await stage.open("/settings/contributions#token=a.b.c");
    await page.getByText("<i>Keep up!</i>").waitFor();
    await page.getByText("$15 of it remain").waitFor();
    stage.answers.set(`PATCH /api/v1/contributions/${ULID}`, {
      json: { ...OWN, is_anonymous: false },
    });
    await page.getByRole("button", { name: "Show my name" }).click();
    expect(stage.calls.some(({ method }) => method === "PATCH")).toBe(false);
    await page.getByRole("button", { name: "Agree" }).press("Enter");
    await page.getByText("Counts under your name").waitFor();
    const change = stage.calls.find(({ method }) => method === "PATCH");
    expect(JSON.parse(change?.body ?? "")).toEqual({
      is_anonymous: false,
      wording_version: "2026-11",
    });
    await page.context().close();
  });

  test("the badge is shown by its owner's wish, and the file of all data is saved whole", async () => {
    const page = await stage.open("/settings/contributions#token=a.b.c");
    stage.answers.set("PUT /api/v1/supporters/me", {
      json: { ...SUPPORTER, show_badge: true, ignored: [] },
    });
    await page.getByRole("checkbox", { name: "Show my badge to others" }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    const change = stage.calls.find(({ method }) => method === "PUT");
    expect(JSON.parse(change?.body ?? "")).toEqual({
      display_name: "Alice J.",
      show_badge: true,
      is_anonymous: false,
    });
    stage.answers.set("GET /api/v1/supporters/me/export", {
      json: { exported_at: "2026-11-28T12:00:00Z" },
    });
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download" }).click();
    expect((await saved).suggestedFilename()).toMatch(/^contributions-.*\.json$/);
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
  });

  // The elements are tried in all four ways; colours and words are each the same here in two.
  for (const [colorScheme, locale] of [
    ["light", "uk-UA"],
    ["dark", "en-US"],
  ] as const) {
    test(`axe finds no fault in ${colorScheme}, ${locale}, from 320 to 1440 pixels`, async () => {
      const page = await stage.open("/support#token=a.b.c", { colorScheme, locale });
      for (const path of [
        "/support?cancelled=true",
        `/support/thank-you?contribution=${ULID}`,
        "/supporters",
        "/settings/contributions",
      ]) {
        await page.goto(stage.origin + path);
        await page.waitForLoadState("networkidle");
        for (const width of [320, 1440]) {
          await page.setViewportSize({ width, height: 900 });
          expect(await axe(page), `${path} ${width}`).toEqual([]);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - innerWidth,
          );
          expect(overflow, `${path} ${width}`).toBeLessThanOrEqual(0);
        }
      }
      expect(await violationsOf(page)).toEqual([]);
      await page.context().close();
    });
  }
});
