import type { Language } from "@billing/elements";
import { html, nothing, type TemplateResult } from "lit";
import type { Services } from "./services";
import type { Texts } from "./texts";

interface Frame {
  texts: Texts;
  language: Language;
  services: Services;
  speak: (language: Language) => void;
  content: TemplateResult;
}

const OTHER: Record<Language, { language: Language; name: string }> = {
  en: { language: "uk", name: "Українська" },
  uk: { language: "en", name: "English" },
};

/** Head and foot of every page. */
export function shell({ texts, language, services, speak, content }: Frame): TemplateResult {
  const { config, session } = services;
  const here = location.pathname.replace(/\/$/, "");
  const link = (path: string, label: string): TemplateResult =>
    html`<a href=${path} aria-current=${here === path ? "page" : nothing}>${label}</a>`;
  const other = OTHER[language];
  return html`<a class="skip" href="#main">${texts.skip}</a>
    <header>
      <nav aria-label=${texts.pages}>
        ${link("/support", texts.nav.support)} ${link("/supporters", texts.nav.supporters)}
        ${link("/settings/contributions", texts.nav.contributions)}
      </nav>
      <div class="tools">
        <button
          type="button"
          class="plain"
          lang=${other.language}
          @click=${() => speak(other.language)}
        >
          ${other.name}
        </button>
        ${
          session.token() !== null
            ? html`<button type="button" class="plain" @click=${() => session.signOut()}>
                ${texts.signOut}
              </button>`
            : nothing
        }
      </div>
    </header>
    <main id="main" tabindex="-1">${content}</main>
    <footer>
      <p>${texts.tax}</p>
      ${
        config.support_email
          ? html`<p>
              ${texts.questions}
              <a href="mailto:${config.support_email}">${config.support_email}</a>
            </p>`
          : nothing
      }
    </footer>`;
}
