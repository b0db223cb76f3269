export type Language = "en" | "uk";

/** That of the nearest `lang` around the element, also across shadow roots; any other than Ukrainian reads English. */
export function languageOf(element: Element): Language {
  for (let at: Element | null = element; at !== null; at = around(at)) {
    const lang = at.getAttribute("lang");
    if (lang) return /^uk(-|$)/i.test(lang) ? "uk" : "en";
  }
  return "en";
}

function around(element: Element): Element | null {
  if (element.parentElement) return element.parentElement;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

/** `one`, `few` and `many` as the language counts; English has no `few`, and Ukrainian fractions do not occur. */
export function counted(
  count: number,
  language: Language,
  forms: [string, string, string],
): string {
  const rule = new Intl.PluralRules(language).select(count);
  const form = rule === "one" ? forms[0] : rule === "few" ? forms[1] : forms[2];
  return form.replace("#", new Intl.NumberFormat(language).format(count));
}
