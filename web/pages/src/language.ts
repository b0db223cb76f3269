import type { Language } from "@billing/elements";

/** The dashboard keeps it under the same name. */
const KEPT = "billing.language";

export function chosenLanguage(): Language {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept === "en" || kept === "uk") return kept;
  } catch {
    // Storage is forbidden here: the browser's language, then.
  }
  return navigator.language.startsWith("uk") ? "uk" : "en";
}

/** The elements watch the document's language, and say everything anew. */
export function setLanguage(language: Language): void {
  document.documentElement.lang = language;
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // It holds for this page, then.
  }
}
