import { type Language, type Level, LEVELS, money } from "@billing/elements";
import type { Sponsorship } from "@billing/client";
import { html, type TemplateResult } from "lit";
import { TEXTS } from "./texts";

/** The four, and from which total on each is had; they stand there before that is known, so that nothing moves. */
export function badges(terms: Sponsorship | undefined, language: Language): TemplateResult {
  const { from } = TEXTS[language];
  const least = (level: Level): string =>
    terms ? from(money(BigInt(terms.thresholds_cents[level]), language)) : "\u00a0";
  return html`<ul class="badges" role="list">
    ${LEVELS.map(
      (level) =>
        html`<li>
          <fund-badge .level=${level} size="lg"></fund-badge>
          <span>${least(level)}</span>
        </li>`,
    )}
  </ul>`;
}
