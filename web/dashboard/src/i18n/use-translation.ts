import i18next from "i18next";
import type { TFunction } from "i18next";
import { useSyncExternalStore } from "react";

/**
 * The words of a part, which its page has brought with its code (lazy-page.tsx), so that nothing is waited for here.
 * react-i18next asks at every call whether they are there, while nothing is painted.
 */
export function useTranslation(namespace = "common") {
  const language = useSyncExternalStore(subscribe, present);
  return { t: wordsOf(language, namespace), i18n: i18next };
}

function subscribe(changed: () => void) {
  i18next.on("languageChanged", changed);
  return () => i18next.off("languageChanged", changed);
}

function present(): string {
  return i18next.language;
}

const fixed = new Map<string, TFunction>();

function wordsOf(language: string, namespace: string): TFunction {
  const name = `${language} ${namespace}`;
  const words = fixed.get(name) ?? i18next.getFixedT(language, namespace);
  fixed.set(name, words);
  return words;
}
