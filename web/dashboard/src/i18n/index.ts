import type { Locale } from "@billing/client";
import i18next from "i18next";
import type { BackendModule, ResourceKey } from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

/** One chunk for each language and part, so that a page brings its own words alone. */
const files = import.meta.glob<ResourceKey>("./{en,uk}/*.json", { import: "default" });
const KEPT = "billing.language";

const backend: BackendModule = {
  type: "backend",
  init: () => undefined,
  read: (language, namespace, done) => {
    const load = files[`./${language}/${namespace}.json`];
    if (!load) return done(new Error(`no words: ${language}/${namespace}`), null);
    load().then(
      (words) => done(null, words),
      // True: it may be asked for again. Nothing is asked for again by itself (maxRetries).
      (error: unknown) => done(error as Error, true),
    );
  },
};

/** There is no fallback: a test holds both languages to the same keys. */
export async function startI18n(): Promise<void> {
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: chosenLanguage(),
      supportedLngs: ["en", "uk"],
      fallbackLng: false,
      ns: ["common"],
      defaultNS: "common",
      maxRetries: 0,
      // React escapes; words with markup in them stay words.
      interpolation: { escapeValue: false },
    });
  document.documentElement.lang = i18next.language;
}

function chosenLanguage(): Locale {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept === "en" || kept === "uk") return kept;
  } catch {
    // Storage is forbidden here: the browser's language, then.
  }
  return navigator.language.startsWith("uk") ? "uk" : "en";
}

export async function setLanguage(language: Locale): Promise<void> {
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // It holds for this page, then.
  }
}

/** For a page's loader, so that its code and its words come at once. i18next itself never fails. */
export async function loadWords(...namespaces: string[]): Promise<void> {
  await i18next.loadNamespaces(namespaces);
  const missing = namespaces.filter((name) => !i18next.hasResourceBundle(i18next.language, name));
  if (missing.length > 0) throw new Error(`no words: ${missing.join(", ")}`);
}

export function useLocale(): Locale {
  const { i18n } = useTranslation();
  return i18n.language === "uk" ? "uk" : "en";
}
