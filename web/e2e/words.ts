/** The pages' own words, so that a flow finds what a person reads, in either language. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Language } from "./browser";

type Tree = { [name: string]: string | Tree };

const I18N = join(import.meta.dirname, "../dashboard/src/i18n");

/** `t("limits.title")` of a namespace of the dashboard: a text, or a pattern where it has gaps for amounts and
 * names, which are the page's affair. */
export function words(language: Language, namespace: string) {
  const all = JSON.parse(readFileSync(join(I18N, language, `${namespace}.json`), "utf8")) as Tree;
  return (key: string): string | RegExp => {
    let found: string | Tree | undefined = all;
    for (const part of key.split(".")) {
      found = typeof found === "object" ? found[part] : undefined;
    }
    if (typeof found !== "string") {
      throw new Error(`no words: ${language}/${namespace}: ${key}`);
    }
    return found.includes("{{") ? gaps(found) : found;
  };
}

function gaps(text: string): RegExp {
  const escaped = text
    .split(/\{\{\w+\}\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(escaped.join(".+"));
}

/** Words of the elements and of the support pages, which are code there, with gaps that are functions. */
interface Support {
  form: { consent: string; anonymous: string; submit: string };
  meter: { goal: string };
  pages: { thankYou: { thanks: string }; supporters: { heading: (name: string) => string } };
}

type Texts<Part extends keyof Support> = Record<string, { TEXTS: Record<Language, Support[Part]> }>;

const FORM: Texts<"form"> = import.meta.glob("../elements/src/form/texts.ts", { eager: true });
const METER: Texts<"meter"> = import.meta.glob("../elements/src/progress/texts.ts", {
  eager: true,
});
const PAGES: Texts<"pages"> = import.meta.glob("../pages/src/texts/index.ts", { eager: true });

export function supportWords(language: Language): Support {
  const [form, meter, pages] = [FORM, METER, PAGES].map(
    (modules) => Object.values(modules)[0]?.TEXTS[language],
  );
  return { form, meter, pages } as unknown as Support;
}
