import { describe, expect, test } from "vitest";

import { LANGUAGES, picture, visit } from "../browser";
import { asked, newcomer } from "../people";
import { stack } from "../stack";
import { ALLOWED, charge } from "../tool";
import { words } from "../words";

interface Balance {
  billing: { balance_usd: number };
}

describe.each(LANGUAGES)("top-up (%s)", (language) => {
  const t = words(language, "top-up");
  const overview = words(language, "overview");

  test("dollars are paid on Stripe's page, and the balance has them when the page says so", async () => {
    const person = newcomer();
    const page = await visit(person, { language });
    await page.goto(`${stack.gateway}/app/top-up`);
    await page.getByRole("radio", { name: t("provider.USD") }).check();
    await page
      .getByRole("textbox", { name: t("amount.USD") })
      .fill(language === "uk" ? "12,50" : "12.50");
    await picture(page, `top-up-usd-${language}`);
    await page.getByRole("button", { name: t("continue_to") }).click();
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await page.getByRole("link", { name: "On to the shop" }).click();
    await page.getByRole("heading", { name: t("return.credited.title") }).waitFor();
    await picture(page, `top-up-usd-credited-${language}`);
    const { billing } = (await asked(person, "/api/billing/balance")) as Balance;
    expect(billing.balance_usd).toBe(13.5);
  });

  test("hryvnias are paid on Fondy's page, and counted at the rate that was told", async () => {
    const person = newcomer();
    const page = await visit(person, { language });
    await page.goto(`${stack.gateway}/app/top-up`);
    await page.getByRole("radio", { name: t("provider.UAH") }).check();
    await page.getByRole("textbox", { name: t("amount.UAH") }).fill("415");
    await page.getByRole("button", { name: t("continue_to") }).click();
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await page.getByRole("button", { name: "Back to the shop" }).click();
    await page.getByRole("heading", { name: t("return.credited.title") }).waitFor();
    await picture(page, `top-up-uah-credited-${language}`);
    const { billing } = (await asked(person, "/api/billing/balance")) as Balance;
    expect(billing.balance_usd).toBe(11);
  });

  test("an amount that cannot be paid is told beside the field", async () => {
    const page = await visit(newcomer(), { language, width: 320 });
    await page.goto(`${stack.gateway}/app/top-up`);
    const amount = page.getByRole("textbox", { name: t("amount.USD") });
    for (const typed of ["0.5", "1000000", "1 2 3,4,5", "ten", "-5", "1.999"]) {
      await amount.fill(typed);
      await page.getByRole("button", { name: t("continue_to") }).click();
      await expect.poll(() => amount.getAttribute("aria-invalid"), { message: typed }).toBe("true");
    }
    await picture(page, `top-up-refused-${language}`);
    expect(page.url()).toContain("/app/top-up");
  });

  test("who leaves Stripe's page comes back to a page that says so, and has paid nothing", async () => {
    const page = await visit(newcomer(), { language });
    await page.goto(`${stack.gateway}/app/top-up`);
    await page.getByRole("textbox", { name: t("amount.USD") }).fill("5");
    await page.getByRole("button", { name: t("continue_to") }).click();
    await page.getByRole("link", { name: "Back" }).click();
    await page.getByText(t("cancelled.title")).waitFor();
    await page.goto(`${stack.gateway}/app/`);
    await page.getByText(overview("available"), { exact: true }).waitFor();
  });

  test("the charge of a tool's call stands first among the latest transactions", async () => {
    const person = newcomer();
    await asked(person, "/api/billing/balance");
    expect(await charge(person)).toBe(ALLOWED);
    const page = await visit(person, { language });
    await page.goto(`${stack.gateway}/app/`);
    await page.getByRole("listitem").filter({ hasText: "search" }).waitFor();
    await picture(page, `overview-${language}`);
  });
});
