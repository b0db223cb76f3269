import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { violations } from "../accessible";
import { expected, type Language, LANGUAGES, type Scheme, visit } from "../browser";
import { administrator, asked, newcomer } from "../people";
import { stack } from "../stack";
import { charge, hold } from "../tool";

const OF_A_USER = [
  "/app/",
  "/app/top-up",
  "/app/top-up/return?payment=0",
  "/app/transactions",
  "/app/usage",
  "/app/holds",
  "/app/settings",
  "/support",
  "/support/thank-you",
  "/supporters",
  "/settings/contributions",
];
const OF_AN_ADMINISTRATOR = [
  "",
  "/users",
  "/payments",
  "/prices",
  "/messages",
  "/mail",
  "/switches",
  "/audit",
];

/** Both schemes and both ends of the widths; in the language of longer words, where it is narrow. */
const LOOKS: Record<Language, [Scheme, number][]> = {
  en: [
    ["light", 1440],
    ["dark", 320],
  ],
  uk: [["light", 320]],
};

/** Through the dashboard's own router where it is open: that each address can be loaded is the other flows' affair. */
async function go(page: Page, path: string) {
  const former = await page.title();
  const isInside = path.startsWith("/app/") && page.url().startsWith(`${stack.gateway}/app/`);
  if (isInside) {
    await page.evaluate((to) => {
      history.pushState(null, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
    }, path);
    await page.waitForFunction((before) => document.title !== before, former);
  } else {
    await page.goto(`${stack.gateway}${path}`);
  }
  await page.getByRole("heading", { level: 1 }).waitFor();
  // Of the elements of the support pages each has a root of its own.
  await page.waitForFunction(() => {
    const roots = [...document.querySelectorAll("fund-form, fund-progress, fund-wall")];
    const isComing = (root: ParentNode | null) => root?.querySelector("[aria-busy=true], .loading");
    return !isComing(document) && roots.every((each) => !isComing(each.shadowRoot));
  });
}

describe.each(LANGUAGES)("axe (%s)", (language) => {
  test(
    "finds no violation on any page, light and dark, narrow and wide",
    { timeout: 120_000 },
    async () => {
      const person = newcomer();
      await asked(person, "/api/billing/balance");
      await Promise.all([charge(person), charge(person), hold(person)]);
      const found: string[] = [];
      for (const [who, paths] of [
        [person, OF_A_USER],
        [administrator(), OF_AN_ADMINISTRATOR.map((path) => `/app/admin${path}`)],
      ] as const) {
        const page = await visit(who, { language });
        for (const path of [
          ...paths,
          ...(who === person ? [] : [`/app/admin/users/${person.id}`]),
        ]) {
          await go(page, path);
          for (const [colorScheme, width] of LOOKS[language]) {
            await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
            await page.setViewportSize({ width, height: 900 });
            const here = await violations(page);
            found.push(
              ...here.map((what) => `${path} ${colorScheme} ${width.toString()}: ${what}`),
            );
          }
        }
      }
      // The payment that nobody knows.
      expected(/payment=0: .* 404/);
      // The subscription that they never had.
      expected(/settings\/contributions: .* 404/);
      expect(found).toEqual([]);
    },
  );
});
