import type { Language } from "@billing/elements";
import { ApiError, dropDraft, findDraft, keepDraft, type Supporter } from "@billing/client";
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Services } from "./services";
import { TEXTS, type Texts } from "./texts";

const DRAFT = "appearance";

interface Appearance {
  display_name: string;
  show_badge: boolean;
  is_anonymous: boolean;
}

/** How the user is shown: by which name, whether on the wall, and whether others see the badge. */
export class AppearanceForm extends LitElement {
  static override properties = {
    services: { attribute: false },
    supporter: { attribute: false },
    language: { attribute: false },
    entered: { state: true },
    outcome: { state: true },
  };

  declare services: Services;
  declare supporter: Supporter;
  declare language: Language;
  declare private entered: Appearance | undefined;
  declare private outcome: "busy" | "saved" | "name" | "failed" | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("supporter") || this.entered) return;
    const { display_name, show_badge, is_anonymous } = this.supporter;
    const stored = { display_name: display_name ?? "", show_badge, is_anonymous };
    const kept = findDraft(DRAFT, this.services.session.owner()) as Appearance | null;
    this.entered = kept ?? stored;
  }

  protected override render(): TemplateResult | typeof nothing {
    const entered = this.entered;
    if (!entered) return nothing;
    const texts = TEXTS[this.language].own;
    const isNameWrong = this.outcome === "name";
    return html`<section class="card" aria-labelledby="appearance">
      <h2 id="appearance">${texts.appearance}</h2>
      <form novalidate @submit=${(event: Event) => void this.#save(event, entered)}>
        <label class="field">
          <span>${texts.displayName}</span>
          <input
            id="display-name"
            type="text"
            autocomplete="name"
            .value=${entered.display_name}
            aria-invalid=${isNameWrong ? "true" : nothing}
            aria-describedby="display-name-hint"
            @input=${(event: Event) =>
              this.#change({ display_name: (event.target as HTMLInputElement).value })}
          />
        </label>
        <p id="display-name-hint" class=${isNameWrong ? "error" : "quiet"}>
          ${isNameWrong ? texts.nameWrong : texts.displayNameHint}
        </p>
        ${this.#tick("show_badge", texts.showBadge, texts.showBadgeHint)}
        ${this.#tick("is_anonymous", texts.offWall, texts.offWallHint)}
        <button type="submit" class="button" ?disabled=${this.outcome === "busy"}>
          ${texts.save}
        </button>
        ${this.#said(texts)}
      </form>
    </section>`;
  }

  #tick(member: "show_badge" | "is_anonymous", label: string, hint: string): TemplateResult {
    return html`<label class="tick">
        <input
          type="checkbox"
          .checked=${this.entered?.[member] ?? false}
          aria-describedby="${member}-hint"
          @change=${(event: Event) =>
            this.#change({ [member]: (event.target as HTMLInputElement).checked })}
        />
        <span>${label}</span>
      </label>
      <p id="${member}-hint" class="quiet hint">${hint}</p>`;
  }

  #said(texts: Texts["own"]): TemplateResult {
    return html`<p role="status">${this.outcome === "saved" ? texts.saved : nothing}</p>
      <p role="alert" class="error">${this.outcome === "failed" ? texts.notSaved : nothing}</p>`;
  }

  #change(change: Partial<Appearance>): void {
    if (!this.entered) return;
    this.entered = { ...this.entered, ...change };
    this.outcome = undefined;
    keepDraft(DRAFT, this.services.session.owner(), this.entered);
  }

  async #save(event: Event, entered: Appearance): Promise<void> {
    event.preventDefault();
    this.outcome = "busy";
    try {
      const name = entered.display_name.trim();
      const saved = await this.services.client.updateSupporter({
        ...entered,
        display_name: name || null,
      });
      dropDraft(DRAFT);
      this.outcome = "saved";
      this.dispatchEvent(new CustomEvent("changed", { detail: saved }));
    } catch (error) {
      const isName = error instanceof ApiError && error.code === "INVALID_REQUEST";
      this.outcome = isName ? "name" : "failed";
      await this.updateComplete;
      if (isName) this.querySelector<HTMLElement>("#display-name")?.focus();
    }
  }
}

customElements.define("appearance-form", AppearanceForm);
