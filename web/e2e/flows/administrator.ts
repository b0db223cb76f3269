import { describe, expect, test } from "vitest";

import { expected, LANGUAGES, picture, visit } from "../browser";
import { administrator, asked, newcomer, type Person } from "../people";
import { stack } from "../stack";
import { ALLOWED, charge } from "../tool";
import { words } from "../words";

interface Created {
  paymentUrl: string;
}
interface Payments {
  transactions: { payment_id: string; status: string }[];
}

/** Ten dollars, paid on Stripe's page. */
async function topUp(person: Person, language: "en" | "uk"): Promise<void> {
  const body = JSON.stringify({ amount_usd: 10, hosted: true });
  const path = "/api/billing/payment/stripe/create";
  const { paymentUrl } = (await asked(person, path, { method: "POST", body })) as Created;
  const page = await visit(person, { language });
  await page.goto(paymentUrl);
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  await page.getByRole("link", { name: "On to the shop" }).click();
  await page
    .getByRole("heading", { name: words(language, "top-up")("return.credited.title") })
    .waitFor();
}

describe.each(LANGUAGES)("administrator (%s)", (language) => {
  const t = words(language, "admin");

  test("grants credit with a reason, and sees before and after", async () => {
    const person = newcomer();
    // An account is there with the first thing that happens to it.
    expect(await charge(person)).toBe(ALLOWED);
    const page = await visit(administrator(), { language });
    await page.goto(`${stack.gateway}/app/admin/users`);
    await page.getByRole("textbox", { name: t("users.search") }).fill(person.id.slice(0, 12));
    await page.getByRole("button", { name: t("users.find") }).click();
    await page.getByRole("link", { name: person.id }).click();
    await page.getByRole("textbox", { name: t("adjust.amount") }).fill("3");
    await page
      .getByRole("textbox", { name: t("common.reason") })
      .first()
      .fill("a <b>gift</b>");
    await page
      .getByRole("region", { name: t("adjust.title") })
      .getByRole("button")
      .click();
    await picture(page, `admin-grant-${language}`);
    await page.getByRole("button", { name: t("adjust.confirmGrant") }).click();
    await page.getByText(t("adjust.done")).waitFor();
    await picture(page, `admin-user-${language}`);
    const { billing } = (await asked(person, "/api/billing/balance")) as {
      billing: { balance_usd: number };
    };
    expect(billing.balance_usd).toBe(3.98);
  });

  test("refunds a payment, and the balance has it no more", async () => {
    const person = newcomer();
    await topUp(person, language);
    const page = await visit(administrator(), { language });
    await page.goto(`${stack.gateway}/app/admin/users/${person.id}`);
    await page
      .getByRole("button", { name: t("refund.open") })
      .first()
      .click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: t("common.reason") }).fill("asked for");
    await picture(page, `admin-refund-${language}`);
    await dialog.getByRole("button", { name: t("refund.confirm") }).click();
    await expect
      .poll(
        async () => {
          const { billing } = (await asked(person, "/api/billing/balance")) as {
            billing: { balance_usd: number };
          };
          return billing.balance_usd;
        },
        { timeout: 15_000 },
      )
      .toBe(1);
    const history = (await asked(person, "/api/billing/history?type=refund")) as Payments;
    expect(history.transactions).toHaveLength(1);
  });

  test("is nobody who has only a user's token", async () => {
    const page = await visit(newcomer(), { language });
    await page.goto(`${stack.gateway}/app/admin`);
    await page.getByText(t("refused.title")).waitFor();
    expected(/403/);
  });
});
