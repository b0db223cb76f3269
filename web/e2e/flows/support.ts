import { describe, expect, test } from "vitest";

import { expected, LANGUAGES, picture, visit } from "../browser";
import { newcomer } from "../people";
import { stack } from "../stack";
import { supportWords } from "../words";

interface Progress {
  current_cents: number;
}

async function given(): Promise<number> {
  const answer = await fetch(`${stack.gateway}/api/v1/progress`);
  const progress = (await answer.json()) as Progress;
  return progress.current_cents;
}

describe.each(LANGUAGES)("support (%s)", (language) => {
  const { form, pages: texts } = supportWords(language);

  async function give(name: string, isAnonymous: boolean) {
    const page = await visit(newcomer(name), { language });
    await page.goto(`${stack.gateway}/support`);
    const consent = page.getByRole("checkbox", { name: form.consent });
    await consent.waitFor();
    expect(await consent.isChecked(), "consent is nobody's to give but the person's").toBe(false);
    await page.getByRole("meter").waitFor();
    await picture(page, `support-${language}`);
    if (isAnonymous) {
      await page.getByRole("checkbox", { name: form.anonymous }).check();
    } else {
      await consent.check();
    }
    await page.getByRole("button", { name: form.submit }).click();
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await page.getByRole("link", { name: "On to the shop" }).click();
    await page.getByRole("heading", { name: texts.thankYou.thanks }).waitFor();
    return page;
  }

  test("25 dollars with a name move the meter and stand on the wall", async () => {
    const before = await given();
    const name = `Ярина О’Ніл & ${Date.now().toString(36)}`;
    const page = await give(name, false);
    await picture(page, `thank-you-${language}`);
    expect(page.url(), "the address does not name the contribution").not.toMatch(/contribution=/);
    await expect.poll(given).toBe(before + 2500);
    await page.goto(`${stack.gateway}/supporters`);
    await page.getByText(name).first().waitFor();
    await picture(page, `supporters-${language}`);
    await page.goto(`${stack.gateway}/settings/contributions`);
    await page
      .getByText(/\$25|25(,00)?\s\$/)
      .first()
      .waitFor();
    await picture(page, `contributions-${language}`);
    // Who never gave monthly has no subscription.
    expected(/settings\/contributions: .* 404/);
  });

  test("an anonymous gift moves the meter and names nobody", async () => {
    const before = await given();
    const name = `Nobody ${Date.now().toString(36)}`;
    const page = await give(name, true);
    await expect.poll(given).toBe(before + 2500);
    await page.goto(`${stack.gateway}/supporters`);
    await page.getByRole("heading", { name: texts.supporters.heading("Demo") }).waitFor();
    await page.waitForLoadState("networkidle");
    expect(await page.getByText(name).count()).toBe(0);
  });
});
