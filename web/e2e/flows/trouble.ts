/** What goes wrong between two clicks, and what the page says of it. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { expected, type Language, picture, visit } from "../browser";
import { asked, newcomer, type Person, tokenOf } from "../people";
import { withholding } from "../sandbox";
import { stack } from "../stack";
import { words } from "../words";

const EXPIRED_SECS = -3_600;

async function balanceOf(person: Person): Promise<number> {
  const answer = (await asked(person, "/api/billing/balance")) as {
    billing: { balance_usd: number };
  };
  return answer.billing.balance_usd;
}

/** A top-up in dollars, up to Stripe's page. */
async function begin(page: Page, language: Language, amount: string) {
  const t = words(language, "top-up");
  await page.goto(`${stack.gateway}/app/top-up`);
  await page.getByRole("radio", { name: t("provider.USD") }).check();
  await page.getByRole("textbox", { name: t("amount.USD") }).fill(amount);
  await page.getByRole("button", { name: t("continue_to") }).click();
  await page.getByRole("button", { name: "Pay", exact: true }).waitFor();
}

async function payAndReturn(page: Page) {
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  await page.getByRole("link", { name: "On to the shop" }).click();
}

/** The token in the browser becomes one that has expired, as another tab of the platform would leave it. */
async function expire(page: Page, person: Person) {
  await page.evaluate(
    (newValue) => {
      localStorage.setItem("jwt_token", newValue);
      dispatchEvent(new StorageEvent("storage", { key: "jwt_token", newValue }));
    },
    tokenOf(person.id, undefined, EXPIRED_SECS),
  );
}

test("a token that expires in the middle of a form loses nothing that was typed", async () => {
  const [language, person] = ["uk", newcomer()] as const;
  const [t, common, settings] = [
    words(language, "top-up"),
    words(language, "common"),
    words(language, "settings"),
  ];
  const page = await visit(person, { language });
  const ended = page.getByRole("heading", { name: common("session.ended_title") });
  const signInAgain = async () => {
    await ended.waitFor();
    // The platform's login leads back to where the user was, with a token behind the address.
    await page.goto(`${page.url()}#token=${tokenOf(person.id)}`);
  };

  await page.goto(`${stack.gateway}/app/top-up`);
  await page.getByRole("radio", { name: t("provider.UAH") }).check();
  const amount = page.getByRole("textbox", { name: t("amount.UAH") });
  await amount.fill("414,50");
  await expire(page, person);
  await page.getByRole("button", { name: t("continue_to") }).click();
  await signInAgain();
  await amount.waitFor();
  expect(await amount.inputValue()).toBe("414,50");
  expect(await page.getByRole("radio", { name: t("provider.UAH") }).isChecked()).toBe(true);

  await page.goto(`${stack.gateway}/app/settings`);
  const limit = page.getByRole("textbox", { name: settings("limits.daily") });
  await limit.fill("7,25");
  await expire(page, person);
  await page.getByRole("button", { name: settings("save") }).click();
  await signInAgain();
  await limit.waitFor();
  expect(await limit.inputValue()).toBe("7,25");
  await picture(page, "token-expired-kept");
  await page.getByRole("button", { name: settings("save") }).click();
  await page.getByText(settings("saved"), { exact: true }).waitFor();
  expected(/401/);
});

test("one payment in two tabs is paid once, and each tab says so", async () => {
  const [language, person] = ["en", newcomer()] as const;
  const t = words(language, "top-up");
  const credited = { name: t("return.credited.title") };
  const first = await visit(person, { language });
  await begin(first, language, "5");
  const second = await first.context().newPage();
  await second.goto(`${stack.gateway}/app/top-up`);
  const goOn = second.getByRole("button", { name: t("open.continue"), exact: true });
  await goOn.waitFor();

  await payAndReturn(first);
  await first.getByRole("heading", credited).waitFor();
  await goOn.click();
  await second.getByRole("heading", credited).waitFor();
  await picture(second, "two-tabs-second");
  // Its form too is of the payment that was made, not of a second one.
  expect(new URL(second.url()).searchParams.get("payment")).toBe(
    new URL(first.url()).searchParams.get("payment"),
  );
  expect(await balanceOf(person)).toBe(6);
});

test("a payment whose webhook is lost is waited for, and is on the balance before the page says so", async () => {
  const [language, person] = ["en", newcomer()] as const;
  const t = words(language, "top-up");
  const credited = { name: t("return.credited.title") };
  const waiting = { name: t("return.waiting.title") };
  const page = await visit(person, { language });
  await begin(page, language, "8");
  await withholding(async (deliver) => {
    await payAndReturn(page);
    await page.getByRole("heading", waiting).waitFor();
    await page.getByText(t("return.may_close")).waitFor();
    const address = page.url();
    // Asked again and again, it still says no more than it knows.
    await page.waitForResponse(/\/status/);
    await page.waitForResponse(/\/status/);
    expect(await page.getByRole("heading", credited).count()).toBe(0);
    expect(await balanceOf(person)).toBe(1);
    await picture(page, "webhook-lost-waiting");
    await page.close();

    const later = await visit(person, { language });
    await later.goto(address);
    await later.getByRole("heading", waiting).waitFor();
    await deliver();
    await later.getByRole("heading", credited).waitFor();
    expect(await balanceOf(person)).toBe(9);
  });
});

test("a language whose words do not come leaves the page in the one that it has, until they do", async () => {
  const page = await visit(newcomer());
  const heading = (language: Language) =>
    page.getByRole("heading", { level: 1, name: words(language, "usage")("title") });
  const other = page.getByRole("button", { name: words("en", "common")("language.switch") });
  await page.goto(`${stack.gateway}/app/usage`);
  await heading("en").waitFor();
  await page.context().setOffline(true);
  await Promise.all([
    page.waitForEvent("requestfailed", (lost) => lost.url().includes("/assets/usage")),
    other.click(),
  ]);
  // Whatever follows is drawn by then.
  await page.evaluate(() => new Promise((drawn) => setTimeout(drawn, 100)));
  await heading("en").waitFor();
  await page.context().setOffline(false);
  await other.click();
  await heading("uk").waitFor();
  expected(/ERR_INTERNET_DISCONNECTED/);
});
