// @vitest-environment node
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { answers, ULID, WALL } from "./answers";
import { axe, hasBrowser, openStage, type Stage, violationsOf } from "./stage";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const HERE = fileURLToPath(new URL(".", import.meta.url));

const page = (
  form: string,
  wall = "",
): string => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<link rel="stylesheet" href="/host.css"><title>Host</title>
<script type="module" src="/elements/billing-elements.js"></script></head><body><main><h1>Host</h1>
<fund-form api-base="" tenant="demo" ${form}></fund-form>
<fund-wall api-base="" tenant="demo" heading-level="2" ${wall}></fund-wall></main></body></html>`;

describe.skipIf(!hasBrowser)("monthly, in a real browser", () => {
  let stage: Stage;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "monthly-"));
    vi.stubEnv("NODE_ENV", "production");
    await build({
      root: join(HERE, ".."),
      logLevel: "error",
      build: { outDir: folder, emptyOutDir: true },
    });
    stage = await openStage();
    stage.folders.set("/elements/", folder);
    stage.documents.set(
      "/host.css",
      "html { color-scheme: light dark; background: Canvas; color: CanvasText }",
    );
    stage.documents.set("/asks", page('monthly manage-url="/mine"', "filter"));
    stage.documents.set("/asks-not", page(""));
    stage.documents.set("/paid", "<title>There</title>");
    stage.documents.set("/mine", "<title>Mine</title>");
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    stage.calls.length = 0;
    for (const [route, answer] of answers()) stage.answers.set(route, answer);
    stage.answers.set("POST /api/v1/contributions/checkout", {
      json: { checkout_url: `${stage.origin}/paid`, contribution_ulid: ULID, status: "pending" },
    });
  });

  async function signedIn(path: string): Promise<Page> {
    const opened = await stage.open(path);
    await opened.evaluate(() => {
      const form = document.querySelector("fund-form") as unknown as { token: string };
      form.token = "a-token";
    });
    await opened.getByRole("checkbox", { name: /anonymous/ }).check();
    return opened;
  }

  const sent = (): unknown => {
    const call = stage.calls.find(({ method }) => method === "POST");
    return JSON.parse(call?.body ?? "null");
  };

  test("monthly is chosen by its radio, said by the button, and sent", async () => {
    const opened = await signedIn("/asks");
    const often = opened.getByRole("group", { name: "How often" });
    expect(await often.getByRole("radio", { name: "Once" }).isChecked()).toBe(true);
    // Before anybody chooses.
    await opened.getByText("Monthly support can be ended at any time.").waitFor();
    expect(await opened.getByRole("button", { name: "Continue to Payment" }).count()).toBe(1);
    await often.getByRole("radio", { name: "Once" }).press("ArrowRight");
    expect(await often.getByRole("radio", { name: "Monthly" }).isChecked()).toBe(true);
    await opened.getByRole("radio", { name: "$50" }).check();
    await opened.getByRole("button", { name: "Give $50 a month" }).click();
    await opened.waitForURL("**/paid");
    expect(sent()).toEqual({
      amountCents: 5000,
      interval: "month",
      isAnonymous: true,
      publicDisplayConsent: false,
    });
    await opened.context().close();
  });

  test("an amount that is none yet is no part of the button", async () => {
    const opened = await signedIn("/asks");
    await opened.getByRole("radio", { name: "Monthly" }).check();
    await opened.getByRole("radio", { name: "Other amount" }).check();
    const amount = opened.getByRole("textbox", { name: "Amount in US dollars" });
    await opened.getByRole("button", { name: "Continue to Payment" }).waitFor();
    await amount.fill("12.50");
    await opened.getByRole("button", { name: "Give $12.50 a month" }).waitFor();
    await opened.context().close();
  });

  test("a page that does not ask is as it was, also where monthly was chosen elsewhere", async () => {
    const opened = await signedIn("/asks-not");
    await opened.evaluate(() => {
      const form = document.querySelector("fund-form") as unknown as { value: object };
      form.value = { isMonthly: true };
    });
    expect(await opened.getByText("How often").count()).toBe(0);
    expect(await opened.getByRole("radio", { name: "Supporting now" }).count()).toBe(0);
    await opened.getByRole("button", { name: "Continue to Payment" }).click();
    await opened.waitForURL("**/paid");
    expect(sent()).not.toHaveProperty("interval");
    await opened.context().close();
  });

  test("whoever gives monthly already is told so beside the form, with the way on", async () => {
    stage.answers.set("POST /api/v1/contributions/checkout", {
      status: 409,
      json: { code: "SUBSCRIPTION_EXISTS", message: "exists", subscription_ulid: ULID },
    });
    const opened = await signedIn("/asks");
    await opened.getByRole("radio", { name: "Monthly" }).check();
    await opened.getByRole("button", { name: "Give $25 a month" }).click();
    const told = opened.getByRole("alert").filter({ hasText: "You give monthly already" });
    await told.waitFor();
    await told.getByRole("link", { name: "See your monthly support" }).click();
    await opened.waitForURL("**/mine");
    await opened.context().close();
  });

  test("the wall is filtered where it is asked to be, and says in a word who gives monthly", async () => {
    const [alice] = WALL.supporters.platinum;
    const supporters = { platinum: [{ ...alice, monthly: true }], bronze: WALL.supporters.bronze };
    const some = { json: { ...WALL, supporters, next_cursor: null } };
    stage.answers.set("GET /api/v1/supporters", some);
    const opened = await stage.open("/asks");
    const marked = opened.getByRole("listitem").filter({ hasText: "Alice Johnson" });
    await marked.getByText("monthly", { exact: true }).waitFor();
    const others = opened.getByRole("listitem").filter({ hasText: "Dee" });
    expect(await others.getByText("monthly").count()).toBe(0);
    stage.answers.set("GET /api/v1/supporters", {
      json: { supporters: {}, total_count: 0, next_cursor: null },
    });
    await opened.getByRole("radio", { name: "Supporting now" }).check();
    await opened.getByText("Nobody who is named here gives monthly at present.").waitFor();
    const path = "/api/v1/supporters?period=all&support=active&tenant=demo";
    expect(stage.calls.at(-1)?.path).toBe(path);
    stage.answers.set("GET /api/v1/supporters", some);
    await opened.getByRole("radio", { name: "Everybody" }).check();
    await marked.waitFor();
    expect(stage.calls.at(-1)?.path).toBe("/api/v1/supporters?period=all&tenant=demo");
    await opened.context().close();
  });

  for (const lang of ["en", "uk"]) {
    test(`axe finds no fault with the choices, ${lang}, at 320 and 1280 pixels`, async () => {
      const colorScheme = lang === "en" ? "dark" : "light";
      const opened = await stage.open("/asks", { colorScheme });
      await opened.evaluate((language) => {
        document.documentElement.lang = language;
      }, lang);
      await opened.locator("fund-form input[value=month]").check();
      await opened.locator("fund-wall input[value=active]").check();
      await opened.getByText("Alice Johnson").waitFor();
      for (const width of [320, 1280]) {
        await opened.setViewportSize({ width, height: 800 });
        expect(await axe(opened), `${width}`).toEqual([]);
        const overflow = await opened.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        expect(overflow, `${width}`).toBeLessThanOrEqual(0);
      }
      expect(await violationsOf(opened)).toEqual([]);
      await opened.context().close();
    });
  }
});
