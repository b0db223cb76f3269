import { html, nothing, type TemplateResult } from "lit";
import type { Language } from "./language";
import type { Remote } from "./remote";
import type { Texts } from "./texts";

/** In place of what is not known: that it is on its way, or that it is away, with the page's own link and a retry. */
export function unknown<T>(remote: Remote<T>, texts: Texts["away"]): TemplateResult {
  if (!remote.hasFailed) return html`<p class="quiet loading" role="status">${texts.loading}</p>`;
  return html`<slot></slot>
    <p class="quiet" role="status" part="away">${texts.away}</p>
    ${again(remote, texts)}`;
}

/** Beside what is known but old. */
export function stale<T>(
  remote: Remote<T>,
  texts: Texts["away"],
  language: Language,
): TemplateResult | typeof nothing {
  if (!remote.hasFailed || !remote.at) return nothing;
  const time = remote.at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  return html`<p class="quiet" role="status" part="away">${texts.stale(time)}</p>
    ${again(remote, texts)}`;
}

function again<T>(remote: Remote<T>, texts: Texts["away"]): TemplateResult {
  return html`<button type="button" part="retry" @click=${() => void remote.read()}>
    ${texts.again}
  </button>`;
}
