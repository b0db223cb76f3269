import { describe, expect, test } from "vitest";

import { LANGUAGES, picture, visit } from "../browser";
import { asked, newcomer } from "../people";
import { stack } from "../stack";
import { ALLOWED, charge } from "../tool";
import { words } from "../words";

describe.each(LANGUAGES)("limits (%s)", (language) => {
  const t = words(language, "settings");
  const overview = words(language, "overview");

  test("a limit that is reached stops calls, and one that is lifted lets them pass", async () => {
    const person = newcomer();
    await asked(person, "/api/billing/balance");
    const page = await visit(person, { language });
    const stopAt = async (amount: string) => {
      await page.goto(`${stack.gateway}/app/settings`);
      await page.getByRole("textbox", { name: t("limits.daily") }).fill(amount);
      await page.getByRole("button", { name: t("save") }).click();
      await page.getByText(t("saved"), { exact: true }).waitFor();
    };
    await stopAt(language === "uk" ? "0,02" : "0.02");
    expect(await charge(person)).toBe(ALLOWED);
    expect(await charge(person)).not.toBe(ALLOWED);
    await page.goto(`${stack.gateway}/app/`);
    await page.getByText(overview("limits.reached")).waitFor();
    await picture(page, `limit-reached-${language}`);
    await stopAt("5");
    await picture(page, `settings-${language}`);
    expect(await charge(person)).toBe(ALLOWED);
  });

  test("a balance below the line is told above everything else", async () => {
    const person = newcomer();
    await asked(person, "/api/billing/balance");
    await asked(person, "/api/billing/settings", {
      method: "PUT",
      body: JSON.stringify({ low_balance_threshold_usd: 2 }),
    });
    const page = await visit(person, { language, scheme: "dark" });
    await page.goto(`${stack.gateway}/app/`);
    await page.getByText(overview("banner.low_title")).waitFor();
    await picture(page, `low-balance-${language}`);
  });
});
