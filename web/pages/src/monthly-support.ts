import "./ending-dialog";
import { type Language, money } from "@billing/elements";
import type { Subscription } from "@billing/client";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { EndingDialog } from "./ending-dialog";
import type { Services } from "./services";
import { type FoundSubscription, nextPayment } from "./subscription";
import { TEXTS, type Texts } from "./texts";

/** What the user gives month after month, how that stands, and its end. Nothing, where there never was such. */
export class MonthlySupport extends LitElement {
  static override properties = {
    services: { attribute: false },
    found: { attribute: false },
    language: { attribute: false },
    read: { attribute: false },
    isReading: { state: true },
    portal: { state: true },
  };

  declare services: Services;
  declare found: FoundSubscription | undefined;
  declare language: Language;
  /** Asks anew how it stands. */
  declare read: () => Promise<void>;
  declare private isReading: boolean;
  declare private portal: "ready" | "busy" | "failed";

  constructor() {
    super();
    this.isReading = false;
    this.portal = "ready";
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("pageshow", this.#back);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("pageshow", this.#back);
  }

  /** The page was kept while its user was at the provider's, where they may have ended it. */
  readonly #back = (event: PageTransitionEvent): void => {
    if (!event.persisted) return;
    this.portal = "ready";
    void this.read();
  };

  protected override render(): TemplateResult | typeof nothing {
    const { found } = this;
    if (found === undefined || found === "none") return nothing;
    const texts = TEXTS[this.language];
    return html`<section class="card" aria-labelledby="monthly">
      <h2 id="monthly" tabindex="-1">${texts.monthly.heading}</h2>
      ${found === "away" ? this.#away(texts) : this.#standing(found, texts.monthly)}
    </section>`;
  }

  #away(texts: Texts): TemplateResult {
    return html`<p role="status">${texts.monthly.away}</p>
      <button
        type="button"
        aria-disabled=${this.isReading ? "true" : nothing}
        @click=${() => void this.#again()}
      >
        ${this.isReading ? texts.loading : texts.again}
      </button>`;
  }

  async #again(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    await this.read();
    this.isReading = false;
  }

  #standing(subscription: Subscription, texts: Texts["monthly"]): TemplateResult {
    const hasEnded = subscription.status === "cancelled";
    const amount = money(BigInt(subscription.amount_cents), this.language);
    return html`<p class="total">${texts.amount(amount)}</p>
      <p role="status" id="monthly-state">${this.#state(subscription, texts)}</p>
      <div class="row actions">
        <button
          type="button"
          aria-disabled=${this.portal === "busy" ? "true" : nothing}
          @click=${() => void this.#leave()}
        >
          ${this.portal === "busy" ? texts.busy : hasEnded ? texts.invoices : texts.portal}
        </button>
        ${
          hasEnded
            ? nothing
            : html`<button type="button" @click=${this.#ask}>
                ${subscription.cancel_at === null ? texts.end : texts.endNow}
              </button>`
        }
      </div>
      <p role="alert" class="error">${this.portal === "failed" ? texts.portalFailed : nothing}</p>
      <ending-dialog
        .services=${this.services}
        .subscription=${subscription}
        .language=${this.language}
        @unknown=${() => void this.read()}
        @ended=${this.#ended}
      ></ending-dialog>`;
  }

  /** In words, all of them together. */
  #state(subscription: Subscription, texts: Texts["monthly"]): string {
    const { status, cancel_at, ended_at } = subscription;
    const day = (at: string | Date): string =>
      new Date(at).toLocaleDateString(this.language, { dateStyle: "long" });
    if (status === "cancelled") return ended_at === null ? texts.over : texts.ended(day(ended_at));
    const next = nextPayment(subscription);
    const said = [
      status === "past_due" ? texts.pastDue : cancel_at === null ? texts.active : "",
      cancel_at === null ? "" : texts.ends(day(cancel_at)),
      next
        ? texts.next(day(next))
        : status === "active" && cancel_at !== null
          ? texts.noFurther
          : "",
    ];
    return said.filter(Boolean).join(" ");
  }

  async #leave(): Promise<void> {
    if (this.portal === "busy") return;
    this.portal = "busy";
    try {
      const url = await this.services.client.getPortalUrl();
      if (!/^https?:\/\//.test(url)) throw new Error("the portal has no address");
      location.assign(url);
    } catch {
      this.portal = "failed";
    }
  }

  readonly #ask = (): void => {
    this.querySelector<EndingDialog>("ending-dialog")?.open();
  };

  /** The button that had the focus may be gone. */
  readonly #ended = async (event: CustomEvent<Subscription>): Promise<void> => {
    this.found = event.detail;
    this.dispatchEvent(new CustomEvent("changed", { detail: event.detail }));
    await this.updateComplete;
    this.querySelector<HTMLElement>("#monthly")?.focus();
  };
}

customElements.define("monthly-support", MonthlySupport);
