import "@billing/elements";
import "./appearance-form";
import "./contribution-history";
import "./monthly-support";
import { money } from "@billing/elements";
import { ApiError, type Sponsorship, type Subscription, type Supporter } from "@billing/client";
import { html, nothing, type TemplateResult } from "lit";
import { saveExport } from "./export";
import { openPage } from "./open-page";
import { PageElement } from "./page-element";
import { findSubscription, type FoundSubscription } from "./subscription";

/** `/settings/contributions`: what the user gave, how they are shown, and all that is kept of them. */
class ContributionsPage extends PageElement {
  static override properties = {
    supporter: { state: true },
    terms: { state: true },
    subscription: { state: true },
    isAway: { state: true },
    exported: { state: true },
  };

  declare private supporter: Supporter | undefined;
  declare private terms: Sponsorship | undefined;
  declare private subscription: FoundSubscription | undefined;
  declare private isAway: boolean;
  declare private exported: "ready" | "busy" | "failed";

  override connectedCallback(): void {
    super.connectedCallback();
    this.exported = "ready";
    void this.#read();
  }

  readonly #read = async (): Promise<void> => {
    this.isAway = false;
    if (!this.isSignedIn) return;
    const { client, stranger } = this.services;
    try {
      [this.supporter, this.terms] = await Promise.all([
        client.getSupporter(),
        stranger.getSponsorship(),
        // With the others, so that nothing moves when it comes.
        this.#readSubscription(),
      ]);
    } catch (error) {
      this.isAway = !(error instanceof ApiError && error.status === 401);
    }
  };

  readonly #readSubscription = async (): Promise<void> => {
    const found = await findSubscription(this.services.client);
    // What is known stays while it cannot be asked for.
    if (found !== "away" || typeof this.subscription !== "object") this.subscription = found;
  };

  /** Nobody sees what another user was shown. */
  protected override userChanged(): void {
    this.replaceWith(new ContributionsPage(this.services));
  }

  protected override heading(): string {
    return this.texts.own.heading;
  }

  protected override content(): TemplateResult {
    return html`<div class="lead"><h1>${this.heading()}</h1></div>
      ${this.isSignedIn ? this.#own() : this.#signIn()}`;
  }

  #signIn(): TemplateResult {
    const texts = this.texts.own;
    const { config, session } = this.services;
    return html`<div class="card">
      <p>${session.state() === "ended" ? texts.ended : texts.signedOut}</p>
      ${
        config.login_url
          ? html`<button type="button" class="button" @click=${() => session.signIn(true)}>
              ${this.texts.signIn}
            </button>`
          : html`<p>${texts.noLogin}</p>`
      }
    </div>`;
  }

  #own(): TemplateResult {
    const { supporter, terms, services } = this;
    if (this.isAway && !supporter) {
      return html`<div class="card" role="alert">
        <p>${this.texts.away}</p>
        <button type="button" @click=${() => void this.#read()}>${this.texts.again}</button>
      </div>`;
    }
    if (!supporter || !terms) return html`<p class="quiet" role="status">${this.texts.loading}</p>`;
    return html`<div class="columns">
      <div>
        ${this.#standing(supporter)} ${this.#monthly()}
        <contribution-history
          .services=${services}
          .terms=${terms}
          .supporter=${supporter}
          .language=${this.language}
          @changed=${() => void this.#read()}
        ></contribution-history>
      </div>
      <div>
        <appearance-form
          .services=${services}
          .supporter=${supporter}
          .language=${this.language}
          @changed=${(event: CustomEvent<Supporter>) => {
            this.supporter = event.detail;
          }}
        ></appearance-form>
        ${this.#export()}
      </div>
    </div>`;
  }

  #monthly(): TemplateResult | typeof nothing {
    // Not even a gap, where there never was such.
    if (this.subscription === undefined || this.subscription === "none") return nothing;
    return html`<monthly-support
      .services=${this.services}
      .found=${this.subscription}
      .language=${this.language}
      .read=${this.#readSubscription}
      @changed=${(event: CustomEvent<Subscription>) => {
        this.subscription = event.detail;
      }}
    ></monthly-support>`;
  }

  #standing(supporter: Supporter): TemplateResult {
    const texts = this.texts.own;
    const total = BigInt(supporter.total_cents);
    const { badge_level, next_badge, next_badge_amount_cents } = supporter;
    const missing =
      next_badge && next_badge_amount_cents !== null
        ? this.texts.missing(
            money(BigInt(next_badge_amount_cents) - total, this.language),
            next_badge,
          )
        : badge_level
          ? this.texts.highest
          : "";
    return html`<section class="card standing" aria-label=${texts.standing}>
      ${badge_level ? html`<fund-badge .level=${badge_level} size="lg"></fund-badge>` : nothing}
      <div>
        <p class="total">${texts.total(money(total, this.language))}</p>
        <p>${badge_level ? this.texts.hasBadge(badge_level) : ""} ${missing}</p>
      </div>
      <a class="button" href="/support">${texts.give}</a>
    </section>`;
  }

  #export(): TemplateResult {
    const texts = this.texts.own;
    return html`<section class="card" aria-labelledby="export">
      <h2 id="export">${texts.export}</h2>
      <p>${texts.exportText}</p>
      <button type="button" ?disabled=${this.exported === "busy"} @click=${() => void this.#save()}>
        ${this.exported === "busy" ? this.texts.loading : texts.exportButton}
      </button>
      <p role="alert" class="error">${this.exported === "failed" ? texts.exportFailed : nothing}</p>
    </section>`;
  }

  async #save(): Promise<void> {
    this.exported = "busy";
    this.exported = (await saveExport(this.services.client)) ? "ready" : "failed";
  }
}

customElements.define("contributions-page", ContributionsPage);
void openPage(ContributionsPage, true);
