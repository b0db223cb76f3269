import { chosenLanguage } from "./language";
import type { PageElement } from "./page-element";
import { openServices, type Services } from "./services";
import { TEXTS } from "./texts";

/** So long at most a page waits for what it shows, lest it moves when that comes. */
const TOGETHER_MS = 1_000;
const LOOK_MS = 16;

/** Puts the page in the place of what stands in the document for those without scripts. */
export async function openPage(
  page: new (services: Services) => PageElement,
  needsSignIn = false,
): Promise<void> {
  const place = document.getElementById("page");
  if (!place) return;
  const language = chosenLanguage();
  try {
    const services = await openServices(needsSignIn);
    document.documentElement.lang = language;
    await reveal(new page(services), place);
  } catch {
    away(place, TEXTS[language].away, TEXTS[language].again);
  }
}

/** The words that stand there stay until the page is whole. */
async function reveal(page: PageElement, place: HTMLElement): Promise<void> {
  page.hidden = true;
  place.after(page);
  await page.updateComplete;
  const until = performance.now() + TOGETHER_MS;
  while (page.isComing() && performance.now() < until) {
    await new Promise((look) => setTimeout(look, LOOK_MS));
  }
  place.remove();
  page.hidden = false;
}

/** The words that stand there are true without billing too. */
function away(place: HTMLElement, words: string, again: string): void {
  const said = document.createElement("p");
  said.role = "alert";
  said.textContent = words;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = again;
  button.addEventListener("click", () => location.reload());
  place.querySelector("main")?.append(said, button);
}
