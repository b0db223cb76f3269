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
const OF_AN_ADMINISTRATOR = ["", "/users", "/payments", "/prices", "/mail", "/switches", "/audit"];

/** Both schemes and both ends of the widths; in the language of longer words, where it is narrow. */
const LOOKS: Record<Language, [Scheme, number][]> = {
  en: [
    ["light", 1440],
    ["dark", 320],
  ],
  uk: [["light", 320]],
};

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
          await page.goto(`${stack.gateway}${path}`);
          await page.getByRole("heading", { level: 1 }).waitFor();
          await page.waitForLoadState("networkidle");
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
      expect(found).toEqual([]);
    },
  );
});
