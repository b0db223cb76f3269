import { type Language, money } from "@billing/elements";
import type { components, Sponsorship, Supporter } from "@billing/client";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { Services } from "./services";
import { TEXTS, type Texts } from "./texts";

type Contribution = components["schemas"]["OwnContribution"];

/** What the user gave, newest first, and under whose name each stands. */
export class ContributionHistory extends LitElement {
  static override properties = {
    services: { attribute: false },
    terms: { attribute: false },
    supporter: { attribute: false },
    language: { attribute: false },
    shown: { state: true },
    total: { state: true },
    hasFailed: { state: true },
    asked: { state: true },
    refused: { state: true },
  };

  declare services: Services;
  declare terms: Sponsorship;
  declare supporter: Supporter;
  declare language: Language;
  /** Undefined: not known yet. */
  declare private shown: Contribution[] | undefined;
  declare private total: number;
  declare private hasFailed: boolean;
  /** Which contribution is about to name its giver: that takes their consent. */
  declare private asked: string | undefined;
  /** Whose change did not come about. */
  declare private refused: string | undefined;
  #page = 0;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.total = 0;
    if (!this.shown) void this.#next();
  }

  async #next(): Promise<void> {
    this.hasFailed = false;
    try {
      const answer = await this.services.client.getMyContributions(this.#page + 1);
      this.#page += 1;
      const before = this.shown ?? [];
      // One that was begun meanwhile moves the others to the next page.
      const isNew = ({ ulid }: Contribution): boolean =>
        before.every((other) => other.ulid !== ulid);
      this.shown = [...before, ...answer.data.filter(isNew)];
      this.total = answer.total;
    } catch {
      this.hasFailed = true;
    }
  }

  protected override render(): TemplateResult {
    const all = TEXTS[this.language];
    const texts = all.own;
    const { shown } = this;
    return html`<section class="card" aria-labelledby="history">
      <h2 id="history">${texts.history}</h2>
      ${!shown && !this.hasFailed ? html`<p class="quiet" role="status">${all.loading}</p>` : nothing}
      ${shown?.length === 0 ? html`<p class="quiet">${texts.nothing}</p>` : nothing}
      <ul class="history" role="list">
        ${shown?.map((contribution) => this.#entry(contribution, texts))}
      </ul>
      ${this.hasFailed ? html`<p role="alert">${all.away}</p>` : nothing}
      ${
        this.hasFailed || (shown && shown.length < this.total)
          ? html`<button type="button" @click=${() => void this.#next()}>
              ${this.hasFailed ? all.again : texts.more}
            </button>`
          : nothing
      }
    </section>`;
  }

  #entry(contribution: Contribution, texts: Texts["own"]): TemplateResult {
    const { ulid, amount_cents, net_cents, status, message } = contribution;
    const at = new Date(contribution.paid_at ?? contribution.created_at);
    const isPartly = status === "completed" && net_cents < amount_cents;
    const left = money(BigInt(net_cents), this.language);
    return html`<li>
      <div class="entry" id="entry-${ulid}">
        <strong>${money(BigInt(amount_cents), this.language)}</strong>
        <span class="status ${status}">${texts.status[status]}</span>
        ${
          contribution.is_recurring
            ? html`<span class="quiet">${TEXTS[this.language].monthly.mark}</span>`
            : nothing
        }
        <time class="quiet" datetime=${at.toISOString()}>
          ${at.toLocaleDateString(this.language, { dateStyle: "long" })}
        </time>
      </div>
      ${isPartly ? html`<p class="quiet">${texts.left(left)}</p>` : nothing}
      ${
        message
          ? html`<blockquote><bdi>${message}</bdi></blockquote>
              ${status === "completed" ? this.#shown(contribution, texts) : nothing}`
          : nothing
      }
      ${status === "failed" ? nothing : this.#naming(contribution, texts)}
      ${this.refused === ulid ? html`<p role="alert" class="error">${texts.notSaved}</p>` : nothing}
    </li>`;
  }

  /** What was given back, or is not paid, shows no message. */
  #shown({ message_is_shown }: Contribution, texts: Texts["own"]): TemplateResult {
    return html`<p class="quiet">
      ${message_is_shown ? texts.messageShown : texts.messageHidden}
    </p>`;
  }

  #naming({ ulid, is_anonymous }: Contribution, texts: Texts["own"]): TemplateResult {
    if (this.asked === ulid) return this.#consent(ulid, texts);
    return html`<div class="row">
      <span>${is_anonymous ? texts.isAnonymous : this.#named(texts)}</span>
      <button
        type="button"
        id="naming-${ulid}"
        aria-describedby="entry-${ulid}"
        class="plain"
        @click=${() => (is_anonymous ? void this.#ask(ulid) : void this.#change(ulid, true))}
      >
        ${is_anonymous ? texts.name : texts.unname}
      </button>
    </div>`;
  }

  #named(texts: Texts["own"]): string {
    return this.supporter.display_name === null ? texts.isNameless : texts.isNamed;
  }

  #consent(ulid: string, texts: Texts["own"]): TemplateResult {
    return html`<div class="ask" role="group" aria-label=${texts.name}>
      <p>${this.terms.wording || texts.consent}</p>
      <div class="row">
        <button type="button" id="agree" @click=${() => void this.#change(ulid, false)}>
          ${texts.agree}
        </button>
        <button type="button" class="plain" @click=${() => void this.#close(ulid)}>
          ${texts.cancel}
        </button>
      </div>
    </div>`;
  }

  async #ask(ulid: string): Promise<void> {
    this.asked = ulid;
    await this.updateComplete;
    this.querySelector<HTMLElement>("#agree")?.focus();
  }

  /** The focus goes back to where it came from. */
  async #close(ulid: string): Promise<void> {
    this.asked = undefined;
    await this.updateComplete;
    this.querySelector<HTMLElement>(`#naming-${ulid}`)?.focus();
  }

  async #change(ulid: string, isAnonymous: boolean): Promise<void> {
    this.refused = undefined;
    try {
      const path = `/api/v1/contributions/${encodeURIComponent(ulid)}`;
      const consent = isAnonymous ? {} : { wording_version: this.terms.wording_version };
      const body = { is_anonymous: isAnonymous, ...consent };
      const changed = await this.services.client.request<Contribution>("PATCH", path, { body });
      this.shown = this.shown?.map((other) => (other.ulid === ulid ? changed : other));
      this.dispatchEvent(new CustomEvent("changed"));
    } catch {
      this.refused = ulid;
    }
    await this.#close(ulid);
  }
}

customElements.define("contribution-history", ContributionHistory);
