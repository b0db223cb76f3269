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
  form: {
    month: string;
    consent: string;
    anonymous: string;
    submit: string;
    submitMonthly: (amount: string) => string;
    manage: string;
    failure: Record<"SUBSCRIPTION_EXISTS", string>;
  };
  pages: {
    thankYou: { thanks: string; seeOwn: string; monthly: (amount: string) => string };
    supporters: { heading: (name: string) => string };
    nav: { contributions: string };
    monthly: Record<
      "heading" | "active" | "noFurther" | "portal" | "invoices" | "end" | "question" | "atOnce",
      string
    >;
  };
}

type Modules<Part> = Record<string, Record<Language, Part>>;

const ELEMENTS: Modules<Pick<Support, "form">> = import.meta.glob(
  "../elements/src/texts/{en,uk}.ts",
  { eager: true },
);
const PAGES: Modules<Support["pages"]> = import.meta.glob("../pages/src/texts/{en,uk}.ts", {
  eager: true,
});

export function supportWords(language: Language): Support {
  const of = <Part>(modules: Modules<Part>): Part => {
    const found = Object.values(modules).find((module) => language in module);
    if (found === undefined) {
      throw new Error(`no words of the support pages: ${language}`);
    }
    return found[language];
  };
  return { ...of(ELEMENTS), pages: of(PAGES) };
}
