import type { Locale } from "@billing/client";
import i18next from "i18next";
import type { BackendModule, ResourceKey } from "i18next";

import enCommon from "./en/common.json";
import enOverview from "./en/overview.json";
import ukCommon from "./uk/common.json";
import ukOverview from "./uk/overview.json";
import { useTranslation } from "./use-translation";

/** Words of the first page, which are small: to ask for them would take longer. */
const FIRST = {
  en: { common: enCommon, overview: enOverview },
  uk: { common: ukCommon, overview: ukOverview },
};

/** One chunk for each language and part, so that every other page brings its own words alone. */
const files = import.meta.glob<ResourceKey>(
  ["./{en,uk}/*.json", "!./*/common.json", "!./*/overview.json"],
  { import: "default" },
);
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
  if (!i18next.isInitialized) await begin();
  document.documentElement.lang = i18next.language;
}

async function begin(): Promise<void> {
  await i18next.use(backend).init({
    lng: chosenLanguage(),
    supportedLngs: ["en", "uk"],
    fallbackLng: false,
    ns: ["common", "overview"],
    resources: FIRST,
    partialBundledLanguages: true,
    defaultNS: "common",
    maxRetries: 0,
    // React escapes; words with markup in them stay words.
    interpolation: { escapeValue: false },
  });
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

/** Words that do not come leave the page in the language that it has: else it would show their names. */
export async function setLanguage(language: Locale): Promise<void> {
  const lost = () => missing(language, i18next.options.ns ?? []);
  if (lost().length > 0) await i18next.reloadResources(language, lost());
  if (lost().length > 0) return;
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
  const lost = missing(i18next.language, namespaces);
  if (lost.length > 0) throw new Error(`no words: ${lost.join(", ")}`);
}

function missing(language: string, namespaces: string | readonly string[]): string[] {
  return [namespaces].flat().filter((name) => !i18next.hasResourceBundle(language, name));
}

export function useLocale(): Locale {
  const { i18n } = useTranslation();
  return i18n.language === "uk" ? "uk" : "en";
}
