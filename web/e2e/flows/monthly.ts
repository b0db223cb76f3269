import { describe, expect, test } from "vitest";

import { expected, LANGUAGES, picture, visit } from "../browser";
import { newcomer, type Person } from "../people";
import { stack } from "../stack";
import { supportWords } from "../words";

interface Subscription {
  status: string;
  amount_cents: number;
  cancel_at: string | null;
}

/** Undefined: there is none, as until Stripe has told of it. */
async function subscriptionOf(person: Person): Promise<Subscription | undefined> {
  const answer = await fetch(`${stack.gateway}/api/v1/contributions/me/subscription`, {
    headers: { authorization: `Bearer ${person.token}` },
  });
  return answer.ok ? ((await answer.json()) as Subscription) : undefined;
}

describe.each(LANGUAGES)("monthly support (%s)", (language) => {
  const { form, pages: texts } = supportWords(language);
  const { monthly } = texts;
  /** The amount stands where the language has it. */
  const button = new RegExp(form.submitMonthly("@").replace("@", ".*25.*"));

  /** Chooses 25 dollars a month, and goes on. */
  async function begin(name: string, person = newcomer(name)) {
    const page = await visit(person, { language });
    await page.goto(`${stack.gateway}/support`);
    await page.getByRole("radio", { name: form.month, exact: true }).check();
    await page.getByRole("checkbox", { name: form.consent }).check();
    await page.getByRole("meter").waitFor();
    await picture(page, `monthly-form-${language}`);
    await page.getByRole("button", { name: button }).click();
    return { page, person };
  }

  async function give(name: string) {
    const { page, person } = await begin(name);
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await page.getByRole("link", { name: "On to the shop" }).click();
    await page.getByRole("heading", { name: texts.thankYou.thanks }).waitFor();
    await expect
      .poll(() => subscriptionOf(person), { timeout: 15_000 })
      .toMatchObject({ status: "active" });
    return { page, person };
  }

  test("25 dollars a month are given, seen among the contributions, and ended with their month", async () => {
    const { page, person } = await give(`Щомісячна ${Date.now().toString(36)}`);
    await page.getByText(new RegExp(texts.thankYou.monthly("@").split("@")[0] ?? "")).waitFor();
    await picture(page, `monthly-thank-you-${language}`);
    await page.getByRole("link", { name: texts.thankYou.seeOwn }).click();
    const card = page.getByRole("region", { name: monthly.heading });
    await card.getByText(monthly.active).waitFor();
    await picture(page, `monthly-card-${language}`);

    await card.getByRole("button", { name: monthly.portal }).click();
    await page.getByRole("heading", { name: "Billing portal" }).waitFor();
    await picture(page, `monthly-portal-${language}`);
    await page.getByRole("link", { name: "Back to the shop" }).click();
    await page.getByRole("link", { name: texts.nav.contributions }).click();

    await card.getByRole("button", { name: monthly.end }).click();
    const dialog = page.getByRole("dialog", { name: monthly.question });
    await picture(page, `monthly-question-${language}`);
    await dialog.getByRole("button", { name: monthly.end }).click();
    await card.getByText(monthly.noFurther).waitFor();
    await picture(page, `monthly-ending-${language}`);
    const ending = await subscriptionOf(person);
    expect(ending).toMatchObject({ status: "active", amount_cents: 2500 });
    expect(ending?.cancel_at).not.toBeNull();
    // What the page says is what it says after a reload, too.
    await page.reload();
    await card.getByText(monthly.noFurther).waitFor();
  });

  test("whoever gives monthly is marked on the wall, begins no second one, and may end it at once", async () => {
    const name = `Постійна ${Date.now().toString(36)}`;
    const { page, person } = await give(name);
    await page.goto(`${stack.gateway}/supporters`);
    await page.locator("fund-wall input[value=active]").check();
    const entry = page.getByRole("listitem").filter({ hasText: name });
    await entry.locator("[part=monthly]").waitFor();
    await picture(page, `monthly-wall-${language}`);
    await page.locator("fund-wall input[value=past]").check();
    await entry.waitFor({ state: "detached" });

    const second = await begin(name, person);
    const told = second.page.getByRole("alert").filter({
      hasText: form.failure.SUBSCRIPTION_EXISTS,
    });
    await told.waitFor();
    expected(/support: .* 409/);
    await picture(second.page, `monthly-second-${language}`);
    await told.getByRole("link", { name: form.manage }).click();

    const card = second.page.getByRole("region", { name: monthly.heading });
    await card.getByRole("button", { name: monthly.end }).click();
    const dialog = second.page.getByRole("dialog", { name: monthly.question });
    await dialog.getByRole("radio", { name: monthly.atOnce }).check();
    await dialog.getByRole("button", { name: monthly.end }).click();
    await card.getByRole("button", { name: monthly.invoices }).waitFor();
    await picture(second.page, `monthly-ended-${language}`);
    expect(await subscriptionOf(person)).toMatchObject({ status: "cancelled" });
  });
});
