import type { Language } from "@billing/elements";
import { ApiError, type Subscription } from "@billing/client";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { Services } from "./services";
import { TEXTS, type Texts } from "./texts";

/**
 * Asks how monthly support is to end, and ends it. Tells how it stands then (`ended`), or that nobody knows
 * (`unknown`).
 */
export class EndingDialog extends LitElement {
  static override properties = {
    services: { attribute: false },
    subscription: { attribute: false },
    language: { attribute: false },
    isAtOnce: { state: true },
    isBusy: { state: true },
    failure: { state: true },
  };

  declare services: Services;
  declare subscription: Subscription;
  declare language: Language;
  declare private isAtOnce: boolean;
  declare private isBusy: boolean;
  declare private failure: string;

  constructor() {
    super();
    this.isAtOnce = false;
    this.isBusy = false;
    this.failure = "";
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  open(): void {
    this.isAtOnce = this.#endsByItself;
    this.failure = "";
    this.#dialog?.showModal();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector("dialog");
  }

  get #endsByItself(): boolean {
    return this.subscription.cancel_at !== null;
  }

  protected override render(): TemplateResult {
    const texts = TEXTS[this.language].monthly;
    return html`<dialog aria-labelledby="ending" @cancel=${this.#stay} @close=${this.#closed}>
      <form novalidate aria-busy=${this.isBusy ? "true" : "false"} @submit=${this.#end}>
        <h2 id="ending">${texts.question}</h2>
        ${this.#endsByItself ? html`<p>${this.#sooner(texts)}</p>` : this.#choice(texts)}
        <p class="quiet">${texts.note}</p>
        <p role="alert" class="error">${this.failure || nothing}</p>
        <div class="row actions">
          <button type="submit" class="button" aria-disabled=${this.isBusy ? "true" : nothing}>
            ${this.isBusy ? texts.busy : this.#endsByItself ? texts.endNow : texts.end}
          </button>
          <button type="button" ?disabled=${this.isBusy} @click=${() => this.#dialog?.close()}>
            ${texts.keep}
          </button>
        </div>
      </form>
    </dialog>`;
  }

  #choice(texts: Texts["monthly"]): TemplateResult {
    const option = (isAtOnce: boolean, label: string): TemplateResult =>
      html`<label class="tick">
        <input
          type="radio"
          name="ending"
          .checked=${this.isAtOnce === isAtOnce}
          ?disabled=${this.isBusy}
          @change=${() => {
            this.isAtOnce = isAtOnce;
          }}
        />
        <span>${label}</span>
      </label>`;
    return html`<fieldset>
      <legend>${texts.when}</legend>
      ${option(false, this.#periodEnd(texts))} ${option(true, texts.atOnce)}
    </fieldset>`;
  }

  #periodEnd(texts: Texts["monthly"]): string {
    const { current_period_end, status } = this.subscription;
    if (current_period_end === null) return texts.atSomeEnd;
    const day = this.#day(current_period_end);
    return status === "past_due" ? texts.atUnpaidEnd(day) : texts.atPeriodEnd(day);
  }

  #sooner(texts: Texts["monthly"]): string {
    return texts.sooner(this.#day(this.subscription.cancel_at ?? ""));
  }

  #day(at: string): string {
    return new Date(at).toLocaleDateString(this.language, { dateStyle: "long" });
  }

  /** Nobody leaves while it is not known what comes of it. */
  readonly #stay = (event: Event): void => {
    if (this.isBusy) event.preventDefault();
  };

  /** It may have ended although no answer came. */
  readonly #closed = (): void => {
    if (this.failure) this.dispatchEvent(new CustomEvent("unknown"));
  };

  readonly #end = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (this.isBusy) return;
    this.isBusy = true;
    this.failure = "";
    try {
      const { isAtOnce } = this;
      const now = await this.services.client.cancelSubscription(!isAtOnce);
      const isAsWished = now.status === "cancelled" || (!isAtOnce && now.cancel_at !== null);
      if (!isAsWished) this.failure = TEXTS[this.language].monthly.notEnded;
      else this.#dialog?.close();
      this.dispatchEvent(new CustomEvent("ended", { detail: now }));
    } catch (error) {
      this.failure = this.#reason(error);
    } finally {
      this.isBusy = false;
    }
  };

  /** An operator's own words stand above ours. */
  #reason(error: unknown): string {
    const isSaid = error instanceof ApiError && error.code === "PAYMENTS_OFF";
    return isSaid ? error.message : TEXTS[this.language].monthly.unknown;
  }
}

customElements.define("ending-dialog", EndingDialog);
