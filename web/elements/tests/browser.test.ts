// @vitest-environment node
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { answers, SPONSORSHIP, ULID } from "./answers";
import { axe, hasBrowser, openStage, type Stage, violationsOf } from "./stage";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const HERE = fileURLToPath(new URL(".", import.meta.url));
let folder: string;

/** The elements as they are published, and host pages that have nothing of them. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "elements-"));
  // Under test packages are resolved to what helps developers: twice the size.
  vi.stubEnv("NODE_ENV", "production");
  const quiet = { logLevel: "error", configFile: false } as const;
  await build({
    root: join(HERE, ".."),
    logLevel: "error",
    build: { outDir: join(folder, "elements"), emptyOutDir: true },
  });
  for (const host of ["react", "vue"]) {
    await build({
      ...quiet,
      root: HERE,
      define: { "process.env.NODE_ENV": JSON.stringify("production") },
      build: {
        outDir: join(folder, "hosts"),
        emptyOutDir: false,
        lib: { entry: join(HERE, "hosts", `${host}.ts`), formats: ["es"], fileName: host },
      },
    });
  }
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("form and meter together, with all that they import, are at most 15 kB packed", async () => {
  const seen = new Map<string, number>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    const text = await readFile(join(folder, "elements", file));
    seen.set(file, gzipSync(text).length);
    for (const [, name = ""] of text
      .toString()
      .matchAll(/(?:from|import)\s*\(?["'`]([^"'`]+)["'`]/g)) {
      await visit(join(file, "..", name));
    }
  };
  await visit("fund-form.js");
  await visit("fund-progress.js");
  // A page loads the words of its own language.
  for (const other of ["en", "uk"]) {
    const files = [...seen].filter(([file]) => !file.startsWith(`assets/${other}-`));
    const bytes = files.reduce((sum, [, size]) => sum + size, 0);
    process.stderr.write(`form and meter without ${other}: ${bytes} bytes packed\n`);
    expect(bytes).toBeLessThanOrEqual(15 * 1024);
  }
});

test("files that keep their names hold nothing but imports", async () => {
  for (const file of await readdir(join(folder, "elements"))) {
    if (!file.endsWith(".js")) continue;
    const text = await readFile(join(folder, "elements", file), "utf8");
    expect(text.length, file).toBeLessThan(700);
    expect(text).toMatch(/assets\//);
  }
});

const PLAIN = `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="stylesheet" href="/host.css">
<title>Host</title><script type="module" src="/elements/billing-elements.js"></script></head><body><main><h1>Host</h1>
<fund-progress api-base="" tenant="demo"><a href="/support">How the month goes</a></fund-progress>
<fund-form api-base="" tenant="demo" recipient-name="OpenMeet" ask-receipt-email><a href="/support">Support us</a></fund-form>
<fund-wall api-base="" tenant="demo" heading-level="2"></fund-wall>
<fund-badge api-base="" tenant="demo" user-id="42" show-label size="lg"></fund-badge>
</main></body></html>`;

const IN_A_FORM = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title>
<script type="module" src="/elements/fund-form.js"></script></head><body>
<form action="/sent"><fund-form name="gift"></fund-form></form></body></html>`;

const framework = (
  name: string,
): string => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title>
<script type="module" src="/elements/billing-elements.js"></script>
<script type="module" src="/hosts/${name}.js"></script></head><body><div id="root"></div></body></html>`;

describe.skipIf(!hasBrowser)("in a real browser", () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage();
    stage.folders.set("/elements/", join(folder, "elements"));
    stage.folders.set("/hosts/", join(folder, "hosts"));
    stage.documents.set(
      "/host.css",
      "html { color-scheme: light dark; background: Canvas; color: CanvasText; font-family: sans-serif }",
    );
    stage.documents.set("/plain", PLAIN);
    stage.documents.set("/in-a-form", IN_A_FORM);
    stage.documents.set("/react", framework("react"));
    stage.documents.set("/vue", framework("vue"));
    for (const path of ["/paid", "/sent"]) stage.documents.set(path, "<title>There</title>");
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    stage.calls.length = 0;
    for (const [route, answer] of answers()) stage.answers.set(route, answer);
    stage.answers.set("POST /api/v1/contributions/checkout", {
      json: { checkout_url: `${stage.origin}/paid`, contribution_ulid: ULID, status: "pending" },
    });
  });

  const submit = (page: Page) => page.getByRole("button", { name: "Continue to Payment" });

  test("the form begins the contribution and goes to where it is paid", async () => {
    const page = await stage.open("/plain");
    await page.evaluate(() => {
      const form = document.querySelector("fund-form") as unknown as {
        tokenProvider: () => string;
      };
      form.tokenProvider = () => "a-token";
    });
    await page.getByRole("radio", { name: "$50" }).check();
    await page.getByRole("checkbox", { name: "Display my name on the supporters page" }).check();
    await page.getByRole("textbox", { name: "Message" }).fill("Keep up!");
    await submit(page).click();
    await page.waitForURL("**/paid");
    const call = stage.calls.find(({ method }) => method === "POST");
    expect(JSON.parse(call?.body ?? "")).toEqual({
      amountCents: 5000,
      isAnonymous: false,
      publicDisplayConsent: true,
      message: "Keep up!",
      wordingVersion: "2026-11",
    });
    expect(call?.headers).toMatchObject({ authorization: "Bearer a-token", "x-tenant-id": "demo" });
    await page.context().close();
  });

  test("while payments are paused the form says so, and its button does nothing until they are on", async () => {
    const paused = { payments_paused: true, payments_paused_reason: "<b>We</b> move house" };
    stage.answers.set("GET /api/v1/sponsorship", { json: { ...SPONSORSHIP, ...paused } });
    const page = await stage.open("/plain");
    await page.getByRole("alert").getByText("Payments are paused. <b>We</b> move house").waitFor();
    expect(await submit(page).getAttribute("aria-disabled")).toBe("true");
    expect(await violationsOf(page)).toEqual([]);
    await submit(page).press("Enter");
    stage.answers.set("GET /api/v1/sponsorship", { json: SPONSORSHIP });
    await submit(page).press("Enter");
    await page.getByText("Payments are paused").waitFor({ state: "detached" });
    expect(await submit(page).getAttribute("aria-disabled")).toBeNull();
    expect(stage.calls.filter(({ method }) => method === "POST")).toEqual([]);
    await page.context().close();
  });

  test("the keys alone choose, type, are told what is wrong, and give", async () => {
    const page = await stage.open("/plain");
    await page.getByRole("radio", { name: "$25" }).waitFor();
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press("Tab");
    expect(
      await page.getByRole("radio", { name: "$25" }).evaluate((at) => at.matches(":focus")),
    ).toBe(true);
    await press("ArrowRight", "ArrowRight", "Tab");
    await page.keyboard.type("4.99");
    await press("Enter");
    const amount = page.getByRole("textbox", { name: "Amount in US dollars" });
    expect(await amount.evaluate((at) => at.matches(":focus"))).toBe(true);
    expect(await page.getByText("The least is $5.").count()).toBe(1);
    await page.keyboard.type("0"); // no third decimal
    expect(await page.getByText("At most two digits after the point.").count()).toBe(1);
    await amount.fill("12.50");
    // Anonymous is the next, and takes the question of consent away.
    await press("Tab", "Space");
    expect(await page.getByRole("checkbox", { name: /Display my name/ }).count()).toBe(0);
    const said = page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener("fund-submit", (event) => {
            event.preventDefault();
            resolve((event as CustomEvent).detail);
          });
        }),
    );
    await press("Tab", "Tab", "Tab", "Enter");
    expect(await said).toEqual({
      amountCents: 1250,
      isAnonymous: true,
      publicDisplayConsent: false,
    });
    await page.context().close();
  });

  test("React 19 gives arrays and objects, and hears events", async () => {
    const page = await stage.open("/react");
    expect(await page.locator("fund-form input[type=radio]").count()).toBe(3);
    await page.getByRole("radio", { name: "$12.50" }).check();
    await page.getByRole("checkbox", { name: /anonymous/ }).check();
    await submit(page).click();
    await page.getByText("Gold Supporter").waitFor();
    expect(await page.locator("output").textContent()).toContain('"amountCents":1250');
    expect(await page.getByText("Ann").count()).toBe(1);
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
  });

  test("Vue 3.5 has the guide's components and calls, over the elements that are there already", async () => {
    const page = await stage.open("/vue");
    await page.getByText("Gold Supporter").waitFor();
    expect(await page.getByText("from 23 supporters").count()).toBe(1);
    await page.getByRole("checkbox", { name: /Display my name/ }).check();
    await submit(page).click();
    await page.getByText(ULID).waitFor();
    const call = stage.calls.find(({ method }) => method === "POST");
    expect(JSON.parse(call?.body ?? "")).toMatchObject({
      amountCents: 2500,
      publicDisplayConsent: true,
    });
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
  });

  test("a form of the page sends the values, holds back what is missing, and resets it", async () => {
    const page = await stage.open("/in-a-form");
    const held = () => page.evaluate(() => document.forms[0]?.checkValidity());
    await page.getByRole("radio", { name: "$25" }).waitFor();
    expect(await held()).toBe(false);
    await page.getByRole("checkbox", { name: /Display my name/ }).check();
    expect(await held()).toBe(true);
    await page.evaluate(() => document.forms[0]?.reset());
    expect(await held()).toBe(false);
    await page.getByRole("checkbox", { name: /anonymous/ }).check();
    await submit(page).click();
    await page.waitForURL("**/sent?*");
    expect(new URL(page.url()).search).toBe(
      "?amount_cents=2500&is_anonymous=true&public_display_consent=false",
    );
    await page.context().close();
  });

  test("markup in names stays text, and further names come by their cursor", async () => {
    const page = await stage.open("/plain");
    await page.getByText("<b>Bob</b> & Söhne").waitFor();
    stage.answers.set("GET /api/v1/supporters", {
      json: {
        supporters: { bronze: [{ name: "Zed", since: "2026-11-21" }] },
        total_count: 7,
        next_cursor: null,
      },
    });
    await page.getByRole("button", { name: "Load more" }).click();
    await page.getByText("Zed").waitFor();
    expect(await page.getByText("Alice Johnson").count()).toBe(1);
    expect(await page.getByRole("button", { name: "Load more" }).count()).toBe(0);
    expect(stage.calls.at(-1)?.path).toBe("/api/v1/supporters?period=all&tenant=demo&cursor=c1");
    await page.context().close();
  });

  test("a gateway that is away leaves the page's own link and a retry, and nothing reads as 0", async () => {
    for (const route of ["sponsorship", "progress"]) {
      stage.answers.set(`GET /api/v1/${route}`, {
        status: 503,
        json: { code: "BILLING_UNAVAILABLE" },
      });
    }
    const page = await stage.open("/plain");
    await page.getByRole("link", { name: "Support us" }).waitFor();
    expect(await page.getByRole("meter").count()).toBe(0);
    for (const [route, answer] of answers()) stage.answers.set(route, answer);
    await page.locator("fund-progress").getByRole("button", { name: "Try again" }).click();
    await page.getByText("from 23 supporters").waitFor();
    await page.context().close();
  });

  test("without scripts the plain link is there", async () => {
    const page = await stage.open("/plain", { javaScriptEnabled: false });
    expect(await page.getByRole("link", { name: "Support us" }).isVisible()).toBe(true);
    await page.context().close();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const lang of ["en", "uk"]) {
      test(`axe and the policy find no fault in ${colorScheme}, ${lang}, at 320 and 1280 pixels`, async () => {
        const viewport = { width: 320, height: 800 };
        const page = await stage.open("/plain", { colorScheme, viewport });
        await page.evaluate((language) => {
          document.documentElement.lang = language;
          document.querySelector("fund-form")?.setAttribute("sign-in-url", "/login");
        }, lang);
        await page
          .getByText(lang === "en" ? "This month" : "Цього місяця", { exact: true })
          .waitFor();
        // With everything said that can be: an amount and a consent that are missing.
        await page.locator("fund-form input[value=other]").check();
        await page.locator("fund-form [part=submit]").click();
        await page.locator("fund-form #consent-hint.error").waitFor();
        for (const width of [320, 1280]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await axe(page), `${width}`).toEqual([]);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - innerWidth,
          );
          expect(overflow).toBeLessThanOrEqual(0);
        }
        expect(await violationsOf(page)).toEqual([]);
        await page.context().close();
      });
    }
  }
});
