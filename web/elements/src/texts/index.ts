import type { Language } from "../language";
import type { en } from "./en";

/** Both languages have the same words to say, or this does not compile. */
export type Texts = typeof en;

/** A page loads the words that it speaks. */
const files: Record<Language, () => Promise<Texts>> = {
  en: async () => (await import("./en")).en,
  uk: async () => (await import("./uk")).uk,
};
const loaded = new Map<Language, Texts>();

/** Undefined until they are there; `arrived` is called then. Those that cannot be had are asked for the next time. */
export function textsOf(language: Language, arrived: () => void): Texts | undefined {
  const texts = loaded.get(language);
  if (!texts) {
    void files[language]().then(
      (words) => {
        loaded.set(language, words);
        arrived();
      },
      () => undefined,
    );
  }
  return texts;
}
