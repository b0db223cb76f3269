import { html, nothing, type TemplateResult } from "lit";
import type { Language } from "./language";
import type { Remote } from "./remote";

const TEXTS = {
  en: {
    loading: "Loading…",
    away: "This cannot be shown at present.",
    stale: (time: string) => `As of ${time}; newer figures cannot be had at present.`,
    again: "Try again",
  },
  uk: {
    loading: "Завантаження…",
    away: "Зараз це неможливо показати.",
    stale: (time: string) => `Станом на ${time}: новіших даних зараз немає.`,
    again: "Спробувати ще раз",
  },
};

/** In place of what is not known: that it is on its way, or that it is away, with the page's own link and a retry. */
export function unknown<T>(remote: Remote<T>, language: Language): TemplateResult {
  const texts = TEXTS[language];
  if (!remote.hasFailed) return html`<p class="quiet" role="status">${texts.loading}</p>`;
  return html`<slot></slot>
    <p class="quiet" role="status" part="away">${texts.away}</p>
    ${again(remote, language)}`;
}

/** Beside what is known but old. */
export function stale<T>(remote: Remote<T>, language: Language): TemplateResult | typeof nothing {
  if (!remote.hasFailed || !remote.at) return nothing;
  const time = remote.at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  return html`<p class="quiet" role="status" part="away">${TEXTS[language].stale(time)}</p>
    ${again(remote, language)}`;
}

function again<T>(remote: Remote<T>, language: Language): TemplateResult {
  return html`<button type="button" part="retry" @click=${() => void remote.read()}>
    ${TEXTS[language].again}
  </button>`;
}
