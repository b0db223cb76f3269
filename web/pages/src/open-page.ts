import { chosenLanguage } from "./language";
import type { PageElement } from "./page-element";
import { openServices, type Services } from "./services";
import { TEXTS } from "./texts";

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
    place.replaceWith(new page(services));
  } catch {
    away(place, TEXTS[language].away, TEXTS[language].again);
  }
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
