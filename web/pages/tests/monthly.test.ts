// @vitest-environment node
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { answers, ULID } from "../../elements/tests/answers";
import { axe, hasBrowser, openStage, type Stage, violationsOf } from "../../elements/tests/stage";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const HERE = fileURLToPath(new URL(".", import.meta.url));
const FOUND = "GET /api/v1/contributions/me/subscription";
const CANCEL = "POST /api/v1/contributions/subscription/cancel";
const PORTAL = "GET /api/v1/stripe/portal";
const ACTIVE = {
  ulid: ULID,
  status: "active",
  amount_cents: 2500,
  currency: "USD",
  interval: "month",
  created_at: "2026-11-28T12:00:00Z",
  current_period_end: "2026-12-28T12:00:00Z",
  cancel_at: null,
  ended_at: null,
};
const ENDING = { ...ACTIVE, cancel_at: ACTIVE.current_period_end };
const ENDED = { ...ACTIVE, status: "cancelled", ended_at: "2026-12-01T12:00:00Z" };
const SUPPORTER = {
  display_name: "Alice J.",
  is_anonymous: false,
  show_badge: false,
  badge_level: null,
  total_cents: 2500,
  contribution_count: 1,
  next_badge: null,
  next_badge_amount_cents: null,
};
const OWN = {
  ulid: ULID,
  amount_cents: 2500,
  net_cents: 2500,
  status: "completed",
  is_anonymous: true,
  is_recurring: true,
  subscription_ulid: ULID,
  message: null,
  message_is_shown: false,
  created_at: "2026-11-28T12:00:00Z",
  paid_at: "2026-11-28T12:01:10Z",
};

describe.skipIf(!hasBrowser)("monthly support on the pages, in a real browser", () => {
  let stage: Stage;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pages-monthly-"));
    vi.stubEnv("NODE_ENV", "production");
    await build({
      root: join(HERE, ".."),
      logLevel: "error",
      build: { outDir: folder, emptyOutDir: true },
    });
    stage = await openStage();
    stage.folders.set("/", folder);
    const theme = join(HERE, "../../dashboard/public/theme.js");
    stage.documents.set("/app/theme.js", await readFile(theme, "utf8"));
    stage.documents.set("/portal", "<title>Portal</title>");
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    stage.calls.length = 0;
    stage.answers.clear();
    for (const [route, answer] of answers()) stage.answers.set(route, answer);
    const config = { api_base: "", tenant: "demo", tenant_name: "OpenMeet", token_links: true };
    stage.answers.set("GET /app/config.json", { json: config });
    stage.answers.set("GET /api/v1/supporters/me", { json: SUPPORTER });
    stage.answers.set("GET /api/v1/contributions/me", { json: { data: [OWN], total: 1 } });
    stage.answers.set(FOUND, { json: ACTIVE });
  });

  const open = (options = {}) =>
    stage.open("/settings/contributions#token=a.b.c", { timezoneId: "UTC", ...options });
  const card = (page: Page) => page.getByRole("region", { name: "Monthly support" });
  const dialog = (page: Page) => page.getByRole("dialog", { name: "End monthly support?" });
  const cancelled = (): unknown[] =>
    stage.calls.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body));

  for (const [name, subscription, words] of [
    ["active", ACTIVE, "Active. The next payment is on December 28, 2026."],
    ["past due", { ...ACTIVE, status: "past_due" }, "The last payment failed"],
    ["ending", ENDING, "Ends on December 28, 2026. No further payment is taken."],
    [
      "ending later",
      { ...ACTIVE, cancel_at: "2027-02-28T12:00:00Z" },
      "Ends on February 28, 2027. The next payment is on December 28, 2026.",
    ],
    ["ended", ENDED, "Ended on December 1, 2026."],
  ] as const) {
    test(`the card says in words how it stands: ${name}`, async () => {
      stage.answers.set(FOUND, { json: subscription });
      const page = await open();
      await card(page).getByText("$25 a month").waitFor();
      expect(await card(page).getByRole("status").textContent()).toContain(words);
      const canEnd = await card(page).getByRole("button", { name: /^End/ }).count();
      expect(canEnd).toBe(name === "ended" ? 0 : 1);
      await page.context().close();
    });
  }

  test("there is no card where there never was such, and a single contribution is no monthly one", async () => {
    stage.answers.delete(FOUND);
    stage.answers.set("GET /api/v1/contributions/me", {
      json: { data: [{ ...OWN, is_recurring: false }], total: 1 },
    });
    const page = await open();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.waitForLoadState("networkidle");
    expect(await page.getByText(/monthly/i).count()).toBe(0);
    await page.context().close();
  });

  test("what cannot be seen is not said to be none, and can be asked for again", async () => {
    stage.answers.set(FOUND, { status: 503, json: { code: "BILLING_UNAVAILABLE" } });
    const page = await open();
    await card(page).getByText("We cannot see at present whether you give monthly.").waitFor();
    // The rest of the page is whole.
    await page.getByRole("heading", { name: "History" }).waitFor();
    stage.answers.set(FOUND, { json: ACTIVE });
    await card(page).getByRole("button", { name: "Try again" }).click();
    await card(page).getByText("$25 a month").waitFor();
    await page.context().close();
  });

  test("it ends with the time that is paid for, unless something else is chosen", async () => {
    stage.answers.set(CANCEL, { json: ENDING });
    const page = await open();
    await card(page).getByRole("button", { name: "End monthly support" }).press("Enter");
    const chosen = dialog(page).getByRole("radio", { name: /On December 28, 2026/ });
    expect(await chosen.isChecked()).toBe(true);
    expect(await chosen.evaluate((at) => at.matches(":focus"))).toBe(true);
    await dialog(page).getByRole("button", { name: "End monthly support" }).click();
    await card(page).getByText("Ends on December 28, 2026. No further payment is taken.").waitFor();
    expect(cancelled()).toEqual([{ at_period_end: true }]);
    expect(await dialog(page).count()).toBe(0);
    const heading = page.getByRole("heading", { name: "Monthly support" });
    expect(await heading.evaluate((at) => at.matches(":focus"))).toBe(true);
    await page.context().close();
  });

  test("it ends at once where that is chosen, and the answer is shown", async () => {
    stage.answers.set(CANCEL, { json: ENDED });
    const page = await open();
    await card(page).getByRole("button", { name: "End monthly support" }).click();
    await dialog(page).getByRole("radio", { name: "At once" }).check();
    await dialog(page).getByRole("button", { name: "End monthly support" }).click();
    await card(page).getByText("Ended on December 1, 2026.").waitFor();
    expect(cancelled()).toEqual([{ at_period_end: false }]);
    await page.context().close();
  });

  test("whatever ends by itself can be ended at once", async () => {
    stage.answers.set(FOUND, { json: ENDING });
    stage.answers.set(CANCEL, { json: ENDED });
    const page = await open();
    await card(page).getByRole("button", { name: "End it at once" }).click();
    await dialog(page).getByText("It ends on December 28, 2026 by itself.").waitFor();
    await dialog(page).getByRole("button", { name: "End it at once" }).click();
    await card(page).getByText("Ended on December 1, 2026.").waitFor();
    expect(cancelled()).toEqual([{ at_period_end: false }]);
    await page.context().close();
  });

  test("two clicks end it once, and a request that failed can be made again", async () => {
    const page = await open();
    stage.answers.set(CANCEL, { status: 504, json: { code: "PAYMENT_PROVIDER_TIMEOUT" } });
    await card(page).getByRole("button", { name: "End monthly support" }).click();
    await dialog(page)
      .getByRole("button", { name: "End monthly support" })
      .evaluate((button: HTMLElement) => {
        button.click();
        button.click();
      });
    await dialog(page).getByText("We cannot see whether it has ended.").waitFor();
    expect(cancelled()).toHaveLength(1);
    // It had ended, and whoever leaves the question sees it.
    stage.answers.set(FOUND, { json: ENDING });
    await dialog(page).getByRole("button", { name: "Keep it as it is" }).click();
    await card(page).getByText("Ends on December 28, 2026.").waitFor();
    await page.context().close();
  });

  test("an end that did not come about is not said to have", async () => {
    stage.answers.set(CANCEL, { json: ACTIVE });
    const page = await open();
    await card(page).getByRole("button", { name: "End monthly support" }).click();
    await dialog(page).getByRole("button", { name: "End monthly support" }).click();
    await dialog(page).getByText("It has not ended yet.").waitFor();
    await page.keyboard.press("Escape");
    await card(page).getByText("Active.").waitFor();
    await page.context().close();
  });

  test("card and invoices are on the provider's page, and its absence is told", async () => {
    const page = await open();
    const button = card(page).getByRole("button", { name: "Change card or see invoices" });
    await button.click();
    await card(page).getByText("could not be opened").waitFor();
    stage.answers.set(PORTAL, { json: { url: "javascript:alert(1)" } });
    await button.click();
    await page.waitForLoadState("networkidle");
    await card(page).getByText("could not be opened").waitFor();
    stage.answers.set(PORTAL, { json: { url: `${stage.origin}/portal` } });
    await button.click();
    await page.waitForURL("**/portal");
    await page.context().close();
  });

  test("thanks says that it is monthly where it is", async () => {
    const contribution = { ...OWN, badge_earned: null, total_cents: 2500, next_badge: null };
    const route = `GET /api/v1/contributions/${ULID}`;
    for (const is_recurring of [true, false]) {
      stage.answers.set(route, { json: { ...contribution, is_recurring } });
      const page = await stage.open(`/support/thank-you?contribution=${ULID}`);
      await page.getByText("brings your total to $25").waitFor();
      const said = page.getByText("You give $25 each month from now on.");
      expect(await said.count()).toBe(is_recurring ? 1 : 0);
      await page.context().close();
    }
  });

  test("the support page asks how often, and the wall whose support goes on", async () => {
    const page = await stage.open("/support");
    await page.getByRole("radio", { name: "Monthly" }).waitFor();
    await page.goto(`${stage.origin}/supporters`);
    await page.getByRole("radio", { name: "Supporting now" }).waitFor();
    await page.context().close();
  });

  for (const [colorScheme, locale] of [
    ["light", "uk-UA"],
    ["dark", "en-US"],
  ] as const) {
    test(`axe finds no fault in card and question in ${colorScheme}, ${locale}`, async () => {
      const page = await open({ colorScheme, locale });
      await page.locator("monthly-support .card > .actions button").last().click();
      await page.getByRole("dialog").waitFor();
      for (const width of [320, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await axe(page), `${width}`).toEqual([]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        expect(overflow, `${width}`).toBeLessThanOrEqual(0);
      }
      await page.keyboard.press("Escape");
      expect(await axe(page), "without the question").toEqual([]);
      expect(await violationsOf(page)).toEqual([]);
      await page.context().close();
    });
  }
});
