import "@billing/elements";
import type { Draft, FundForm } from "@billing/elements";
import { findDraft, keepDraft, type Sponsorship } from "@billing/client";
import { html, nothing, type TemplateResult } from "lit";
import { openPage } from "./open-page";
import { PageElement } from "./page-element";
import { FORM_DRAFT } from "./services";
import { badges } from "./badges";

/** `/support`: how the month goes, the form, why, and who gave lately. */
class SupportPage extends PageElement {
  static override properties = {
    terms: { state: true },
    asksEmail: { state: true },
  };

  declare private terms: Sponsorship | undefined;
  /** Whether the platform knows no address to which a receipt could go. */
  declare private asksEmail: boolean;

  /** Questions of the page's own that are not answered yet. */
  #open = 0;

  override isComing(): boolean {
    return this.#open > 0 || super.isComing();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.asksEmail = false;
    this.#read();
  }

  protected override userChanged(): void {
    this.asksEmail = false;
    this.#read();
  }

  /** All of it only adds to the page: without it the page is whole. */
  #read(): void {
    const { client, stranger } = this.services;
    const ask = <T>(answer: Promise<T>, take: (answer: T) => void): void => {
      this.#open += 1;
      const done = (): void => {
        this.#open -= 1;
      };
      answer.then(take, () => undefined).finally(done);
    };
    ask(stranger.getSponsorship(), (terms) => {
      this.terms = terms;
    });
    if (!this.isSignedIn) return;
    ask(client.getMe(), (me) => {
      this.asksEmail = me.email === null;
    });
  }

  protected override heading(): string {
    return this.texts.support.heading(this.recipient);
  }

  protected override content(): TemplateResult {
    const { config } = this.services;
    const texts = this.texts.support;
    const tenant = config.tenant || nothing;
    return html`<div class="lead">
        <h1>${this.heading()}</h1>
        <p>${texts.lead}</p>
      </div>
      ${this.#paused()} ${this.#notice()}
      <div class="columns">
        <section class="card" aria-label=${texts.form}>
          <fund-progress api-base=${config.api_base} tenant=${tenant}></fund-progress>
          <hr />
          ${this.#form()}
        </section>
        <div>
          ${this.#why()}
          <section aria-labelledby="recent">
            <div class="heading">
              <h2 id="recent">${texts.recent}</h2>
              <a href="/supporters">${texts.everybody}</a>
            </div>
            <fund-wall
              preview
              period="month"
              limit="12"
              api-base=${config.api_base}
              tenant=${tenant}
            ></fund-wall>
          </section>
        </div>
      </div>`;
  }

  /** The operator's own words stand beside ours. */
  #paused(): TemplateResult | typeof nothing {
    if (!this.terms?.payments_paused) return nothing;
    const { paused } = this.texts.support;
    return html`<p class="notice" role="status">${paused} ${this.terms.payments_paused_reason}</p>`;
  }

  /** They come back from the payment page without having paid. */
  #notice(): TemplateResult | typeof nothing {
    const query = new URLSearchParams(location.search);
    const { cancelled, declined } = this.texts.support;
    if (query.has("declined")) return html`<p class="notice" role="status">${declined}</p>`;
    return query.has("cancelled")
      ? html`<p class="notice" role="status">${cancelled}</p>`
      : nothing;
  }

  #form(): TemplateResult {
    const { config, session } = this.services;
    return html`<fund-form
      api-base=${config.api_base}
      tenant=${config.tenant || nothing}
      recipient-name=${this.recipient ?? nothing}
      recipient-type="platform"
      monthly
      manage-url="/settings/contributions"
      ?ask-receipt-email=${this.asksEmail}
      .tokenProvider=${session.token}
      @fund-submit=${this.#keep}
      @fund-sign-in=${this.#signIn}
    ></fund-form>`;
  }

  protected override firstUpdated(): void {
    const { session } = this.services;
    // What somebody entered before they signed in was nobody's yet.
    const kept = findDraft(FORM_DRAFT, session.owner()) ?? findDraft(FORM_DRAFT, "");
    const form = this.querySelector<FundForm>("fund-form");
    if (form && kept !== null) form.value = kept as Partial<Draft>;
  }

  readonly #keep = (event: Event): void => {
    keepDraft(FORM_DRAFT, this.services.session.owner(), (event.target as FundForm).value);
  };

  readonly #signIn = (event: Event): void => {
    const { session } = this.services;
    this.#keep(event);
    session.signIn(true);
    if (session.leaving()) event.preventDefault();
  };

  #why(): TemplateResult {
    const texts = this.texts.support;
    return html`<section aria-labelledby="why">
      <h2 id="why">${texts.why}</h2>
      <ul class="reasons">
        <li><strong>${texts.free.title}</strong> ${texts.free.text(this.recipient)}</li>
        <li><strong>${texts.badge.title}</strong> ${texts.badge.text}</li>
        <li><strong>${texts.mind.title}</strong> ${texts.mind.text}</li>
      </ul>
      ${badges(this.terms, this.language)}
    </section>`;
  }
}

customElements.define("support-page", SupportPage);
void openPage(SupportPage);
