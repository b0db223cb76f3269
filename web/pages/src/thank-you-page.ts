import "@billing/elements";
import { type Level, LEVELS, money } from "@billing/elements";
import { ApiError, type Contribution, dropDraft, type Sponsorship } from "@billing/client";
import { html, nothing, type TemplateResult } from "lit";
import { openPage } from "./open-page";
import { PageElement } from "./page-element";
import { FORM_DRAFT } from "./services";
import { isPaidByLink, takeContribution } from "./named-contribution";
import { unnamed } from "./unnamed";
import { shareLink } from "./share-link";

/** Seconds between two looks while the payment is on its way; then the page waits to be asked. */
const LOOKS = [1, 1, 2, 2, 3, 5, 5, 8, 10, 15, 20, 30, 30, 60, 60, 60];

type Found = Contribution | "missing" | "away" | undefined;

/** Thanks, and says of the payment no more than is known. */
class SupportThankYouPage extends PageElement {
  static override properties = {
    found: { state: true },
    terms: { state: true },
    looks: { state: true },
    isNameless: { state: true },
  };

  /** Undefined: not known yet. */
  declare private found: Found;
  declare private terms: Sponsorship | undefined;
  declare private looks: number;
  /** They agreed to be named, and nobody knows by which name. */
  declare private isNameless: boolean;
  readonly #ulid = takeContribution();
  readonly #isPaidByLink = isPaidByLink();
  #timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.looks = 0;
    this.isNameless = false;
    document.addEventListener("visibilitychange", this.#again);
    if (this.#ulid) void this.#look();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#again);
    clearTimeout(this.#timer);
  }

  /** Their own token tells more, or no longer does. */
  protected override userChanged(): void {
    this.found = undefined;
    this.isNameless = false;
    if (this.#ulid) void this.#look();
  }

  readonly #again = (): void => {
    if (document.visibilityState === "visible" && this.#isOpen) void this.#look();
  };

  get #isOpen(): boolean {
    const { found } = this;
    return (
      this.#ulid !== null &&
      (found === "away" || (isContribution(found) && found.status === "pending"))
    );
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    this.found = await this.#read(this.#ulid ?? "");
    if (isContribution(this.found) && this.found.status === "completed") {
      dropDraft(FORM_DRAFT);
      this.terms ??= await this.services.stranger.getSponsorship().catch(() => undefined);
      if (this.isSignedIn) this.isNameless = await this.#hasNoName().catch(() => false);
    }
    const wait = LOOKS[this.looks];
    if (!this.#isOpen || wait === undefined) return;
    this.#timer = setTimeout(() => {
      this.looks += 1;
      void this.#look();
    }, wait * 1000);
  }

  /** Their own token tells most; where it is no good here, a stranger is told as much for an hour. */
  async #read(ulid: string): Promise<Found> {
    const { client, stranger } = this.services;
    const known = isContribution(this.found) ? this.found : undefined;
    try {
      if (this.isSignedIn) {
        const own = await client.getContribution(ulid).catch((error: unknown) => {
          if (error instanceof ApiError) return undefined;
          throw error;
        });
        if (own) return own;
      }
      return await stranger.getContribution(ulid);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return "missing";
      return known ?? "away";
    }
  }

  async #hasNoName(): Promise<boolean> {
    const { client } = this.services;
    const [supporter, own] = await Promise.all([
      client.getSupporter(),
      client.getMyContributions(1),
    ]);
    const isNamed = own.data.some(({ ulid, is_anonymous }) => ulid === this.#ulid && !is_anonymous);
    return isNamed && supporter.display_name === null;
  }

  protected override heading(): string {
    const texts = this.texts.thankYou;
    const { found } = this;
    if (found === "missing") return texts.missing;
    if (this.#ulid === null && this.#isPaidByLink) return texts.thanksTo(this.recipient);
    if (!isContribution(found)) return texts.yours;
    return {
      completed: texts.thanks,
      pending: texts.pending,
      failed: texts.failed,
      refunded: texts.refunded,
    }[found.status];
  }

  protected override content(): TemplateResult {
    const { found } = this;
    return html`<div class="card thanks">
        <div role="status">
          ${isContribution(found) ? this.#badge(found) : nothing}
          <h1>${this.heading()}</h1>
          ${isContribution(found) ? this.#said(found) : this.#unknown(found)}
        </div>
      </div>
      ${this.#isThanked ? shareLink(this.texts, this.recipient) : nothing}`;
  }

  get #isThanked(): boolean {
    if (this.#ulid === null) return this.#isPaidByLink;
    return isContribution(this.found) && this.found.status === "completed";
  }

  #badge({ status, badge_earned }: Contribution): TemplateResult | typeof nothing {
    if (status !== "completed" || !badge_earned) return nothing;
    return html`<fund-badge .level=${badge_earned} size="lg" show-label></fund-badge>`;
  }

  #unknown(found: "missing" | "away" | undefined): TemplateResult {
    const texts = this.texts.thankYou;
    if (this.#ulid === null) return unnamed(texts, this.#isPaidByLink);
    if (found === undefined) return html`<p class="quiet">${this.texts.loading}</p>`;
    if (found === "missing") return html`<p>${texts.missingText}</p>`;
    return html`<p>${texts.away}</p>
      ${this.#lookAgain()}`;
  }

  #lookAgain(): TemplateResult {
    return html`<button type="button" @click=${() => void this.#look()}>
      ${this.texts.again}
    </button>`;
  }

  #said(found: Contribution): TemplateResult {
    const texts = this.texts.thankYou;
    const amount = money(BigInt(found.amount_cents), this.language);
    switch (found.status) {
      case "pending":
        return html`<p>
            ${this.looks < LOOKS.length ? texts.pendingText(amount) : texts.slow(amount)}
          </p>
          ${this.looks < LOOKS.length ? nothing : this.#lookAgain()}`;
      case "failed":
        return html`<p>${texts.failedText(amount)}</p>
          <p><a class="button" href="/support">${texts.tryAgain}</a></p>`;
      case "refunded":
        return html`<p>${texts.refundedText(amount)}</p>`;
      case "completed":
        return html`${found.is_recurring ? html`<p>${texts.monthly(amount)}</p>` : nothing}
        ${this.#standing(found, amount)}`;
    }
  }

  #standing(found: Contribution, amount: string): TemplateResult {
    const texts = this.texts.thankYou;
    if (found.total_cents === null) {
      return html`<p class="total">${texts.arrived(amount)}</p>
        <p><a href="/settings/contributions">${texts.seeOwn}</a></p>`;
    }
    const total = BigInt(found.total_cents);
    return html`<p class="total">${texts.total(amount, money(total, this.language))}</p>
      <p>${this.#earned(found, total)} ${this.#missing(found, total)}</p>
      ${this.isNameless ? html`<p>${texts.nameless}</p>` : nothing}
      <p><a href="/settings/contributions">${texts.seeOwn}</a></p>`;
  }

  #earned(found: Contribution, total: bigint): string {
    const level = found.badge_earned;
    if (!level) return "";
    const hadBefore = this.#levelAt(total - BigInt(found.amount_cents));
    const has = this.terms && hadBefore !== level ? this.texts.earned : this.texts.hasBadge;
    return has(level);
  }

  #levelAt(total: bigint): Level | undefined {
    const thresholds = this.terms?.thresholds_cents;
    return thresholds && LEVELS.findLast((level) => total >= BigInt(thresholds[level]));
  }

  #missing({ next_badge, next_badge_amount_cents }: Contribution, total: bigint): string {
    if (!next_badge || next_badge_amount_cents === null) return this.texts.highest;
    const missing = BigInt(next_badge_amount_cents) - total;
    return this.texts.missing(money(missing, this.language), next_badge);
  }
}

function isContribution(found: Found): found is Contribution {
  return typeof found === "object";
}

customElements.define("support-thank-you-page", SupportThankYouPage);
void openPage(SupportThankYouPage);
