import { html, nothing } from "lit";
import { unknown } from "../away";
import { define, FundElement } from "../element";
import { query, Refusal } from "../gateway";
import { Remote } from "../remote";
import type { Texts } from "../texts";
import { theme } from "../theme";
import { chosenAtFirst, dataOf, type Draft, emptyDraft, type Problems, problemsOf } from "./draft";
import { failed } from "./failure";
import {
  action,
  amounts,
  boundsOf,
  faulty,
  intervals,
  message,
  privacy,
  receipt,
  type View,
} from "./fields";
import { Participation } from "./participation";
import { Paying } from "./paying";
import { styles } from "./styles";
import { dollarList, type Sponsorship, type Terms, termsOf } from "./terms";

/**
 * Where people give: an amount, whether they are named, a message. It tells what was entered (`fund-submit`); with
 * `api-base` and a token it also begins the contribution and goes to the page on which it is paid.
 */
export class FundForm extends FundElement {
  static formAssociated = true;

  static override properties = {
    recipientName: { attribute: "recipient-name" },
    recipientType: { attribute: "recipient-type", reflect: true },
    presetAmounts: { attribute: "preset-amounts", converter: dollarList },
    minAmount: { type: Number, attribute: "min-amount" },
    maxAmount: { type: Number, attribute: "max-amount" },
    wording: {},
    wordingVersion: { attribute: "wording-version" },
    askReceiptEmail: { type: Boolean, attribute: "ask-receipt-email" },
    monthly: { type: Boolean },
    signInUrl: { attribute: "sign-in-url" },
    manageUrl: { attribute: "manage-url" },
    token: { attribute: false },
    tokenProvider: { attribute: false },
    name: { reflect: true },
    disabled: { type: Boolean, reflect: true },
    draft: { state: true },
    told: { state: true },
  };

  static override styles = [theme, styles];

  declare recipientName: string | null | undefined;
  declare recipientType: "platform" | "group" | null | undefined;
  /** In dollars, as are the bounds; absent: the tenant's, or those of the guide. */
  declare presetAmounts: readonly number[] | null | undefined;
  declare minAmount: number | null | undefined;
  declare maxAmount: number | null | undefined;
  /** The words of the consent, and their version. */
  declare wording: string | null | undefined;
  declare wordingVersion: string | null | undefined;
  /** Where the platform knows no address to which a receipt could go. */
  declare askReceiptEmail: boolean;
  /** People are asked whether they give once or monthly. */
  declare monthly: boolean;
  declare signInUrl: string | null | undefined;
  /** Where those who give monthly already see and end that. */
  declare manageUrl: string | null | undefined;
  /** The user's token; no attribute, which would stand in the page. */
  declare token: string | null | undefined;
  declare tokenProvider: (() => string | null | Promise<string | null>) | null | undefined;
  declare name: string | null | undefined;
  declare disabled: boolean;
  declare private draft: Draft;
  /** The fields whose problems are said: those that were left, or all once the button was pressed. */
  declare private told: ReadonlySet<keyof Problems>;

  readonly #terms = new Remote<Sponsorship>(this, () =>
    this.hasPlace ? `/sponsorship${query({ tenant: this.tenant })}` : null,
  );
  readonly #paying = new Paying(this, (name, detail) => this.fire(name, detail));
  readonly #outer = new Participation(this);

  constructor() {
    super();
    this.disabled = false;
    this.askReceiptEmail = false;
    this.monthly = false;
    this.draft = emptyDraft();
    this.told = new Set();
  }

  /** What was chosen and typed, to keep it over a sign-in. */
  get value(): Draft {
    return { ...this.draft };
  }

  set value(value: Partial<Draft> | null | undefined) {
    this.draft = { ...this.draft, ...value };
  }

  formResetCallback(): void {
    this.draft = emptyDraft();
    this.told = new Set();
    this.#paying.forget();
  }

  formDisabledCallback(): void {
    this.requestUpdate();
  }

  formStateRestoreCallback(state: unknown): void {
    if (typeof state === "string") this.value = JSON.parse(state) as Partial<Draft>;
  }

  protected override willUpdate(): void {
    const presets = this.#bounds?.presets;
    const { amount } = this.draft;
    // Nothing is chosen yet, or something that is not offered any more.
    if (presets && amount !== "other" && !presets.some((preset) => preset.toString() === amount)) {
      this.draft = { ...this.draft, amount: chosenAtFirst(presets) };
    }
  }

  protected override updated(): void {
    const terms = this.#bounds;
    const texts = this.texts?.form;
    if (!terms || !texts) return;
    const problems = problemsOf(this.draft, terms, this.language);
    const [missing] = Object.values(problems) as NonNullable<Problems[keyof Problems]>[];
    const words = missing ? texts.problem(boundsOf(terms, this.language))[missing] : "";
    const data = missing ? undefined : this.#data(terms);
    this.#outer.tell(this.draft, data, words, faulty(this.renderRoot, problems));
  }

  protected override show({ away, form: texts }: Texts): unknown {
    const terms = this.#bounds;
    if (!terms) return html`<div lang=${this.language}>${unknown(this.#terms, away)}</div>`;
    const view = this.#view(terms, texts);
    const { isBusy, failure } = this.#paying;
    const paused = this.#paused;
    return html`<form
      part="form"
      lang=${this.language}
      novalidate
      aria-busy=${isBusy}
      @submit=${(event: Event) => void this.#submit(event, terms)}
    >
      <fieldset class="all" ?disabled=${this.#isDisabled}>
        ${terms.monthly ? intervals(view) : nothing} ${amounts(view)} ${privacy(view)}
        ${message(view, this.recipientName ?? "")} ${this.askReceiptEmail ? receipt(view) : nothing}
        ${failed(paused ?? failure, texts, this)}
        <div>
          <button
            type="submit"
            class="submit"
            part="submit"
            aria-disabled=${isBusy || paused ? "true" : nothing}
          >
            ${isBusy ? texts.busy : action(view)}
          </button>
          <p class="quiet" part="notes"><span>${texts.secure}</span> <span>${texts.tax}</span></p>
        </div>
      </fieldset>
    </form>`;
  }

  /** Undefined until the tenant's terms are known, since the consent is given to its words. */
  get #bounds(): Terms | undefined {
    const sponsorship = this.#terms.answer;
    return this.#terms.isUsed && !sponsorship ? undefined : termsOf(this, sponsorship);
  }

  /** Why nothing new is taken at present. */
  get #paused(): Refusal | undefined {
    const reason = this.#terms.answer?.payments_paused_reason;
    return reason ? new Refusal("PAYMENTS_OFF", reason) : undefined;
  }

  /** By itself, or by a fieldset around it. */
  get #isDisabled(): boolean {
    return this.matches(":disabled");
  }

  #data(terms: Terms): ReturnType<typeof dataOf> {
    return dataOf(this.draft, terms, this.language);
  }

  #view(terms: Terms, texts: Texts["form"]): View {
    const problems = problemsOf(this.draft, terms, this.language);
    const told = Object.entries(problems).filter(([field]) =>
      this.told.has(field as keyof Problems),
    );
    return {
      draft: this.draft,
      terms,
      problems: Object.fromEntries(told),
      texts,
      language: this.language,
      change: (change) => {
        this.draft = { ...this.draft, ...change };
      },
      leave: (field) => {
        this.told = new Set([...this.told, field]);
      },
    };
  }

  async #submit(event: Event, terms: Terms): Promise<void> {
    event.preventDefault();
    if (this.#isDisabled || this.#paying.isBusy) return;
    if (this.#paused) {
      // They may be on again by now.
      await this.#terms.read();
      return;
    }
    this.told = new Set(["amount", "consent", "message", "email"]);
    await this.updateComplete;
    const problems = problemsOf(this.draft, terms, this.language);
    if (Object.keys(problems).length > 0) {
      // What the last try came to is no longer what stands in the way.
      this.#paying.forget();
      faulty(this.renderRoot, problems)?.focus();
      return;
    }
    const data = this.#data(terms);
    if (!this.fire("fund-submit", data)) return;
    if (this.hasPlace) await this.#paying.begin(data);
    else this.#outer.form?.requestSubmit();
  }
}

define("fund-form", FundForm);

declare global {
  interface HTMLElementTagNameMap {
    "fund-form": FundForm;
  }
}
