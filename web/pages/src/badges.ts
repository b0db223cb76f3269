import { type Language, LEVELS, money } from "@billing/elements";
import type { Sponsorship } from "@billing/client";
import { html, type TemplateResult } from "lit";
import { TEXTS } from "./texts";

/** The four, and from which total on each is had. */
export function badges(terms: Sponsorship, language: Language): TemplateResult {
  const { from } = TEXTS[language];
  return html`<ul class="badges" role="list">
    ${LEVELS.map(
      (level) =>
        html`<li>
          <fund-badge .level=${level} size="lg"></fund-badge>
          <span>${from(money(BigInt(terms.thresholds_cents[level]), language))}</span>
        </li>`,
    )}
  </ul>`;
}
