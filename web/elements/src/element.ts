import { LitElement } from "lit";
import { type Language, languageOf } from "./language";

const shown = new Set<FundElement>();
let ofPage: MutationObserver | undefined;

/** The elements say everything anew where the page changes its language. */
function watchPage(): void {
  ofPage ??= new MutationObserver(() => {
    for (const element of shown) element.requestUpdate();
  });
  ofPage.observe(document.documentElement, { attributeFilter: ["lang"] });
}

/** The place of a gateway, the language of the place on the page, and events that a page can stop. */
export abstract class FundElement extends LitElement {
  static override properties = {
    apiBase: { attribute: "api-base" },
    tenant: {},
  };

  /** The gateway's address, `""` for the page's own; absent: everything comes by properties. */
  declare apiBase: string | null | undefined;
  declare tenant: string | null | undefined;

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, "lang"];
  }

  override attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    super.attributeChangedCallback(name, before, now);
    if (name === "lang") this.requestUpdate();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    shown.add(this);
    watchPage();
    // It may have been moved to where another language is spoken.
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    shown.delete(this);
  }

  protected get language(): Language {
    return languageOf(this);
  }

  /** False where the page has stopped what would follow. */
  protected fire(name: string, detail?: unknown): boolean {
    return this.dispatchEvent(
      new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }
}

/** An attribute that is true unless it says `false`. */
export const TRUE_UNLESS_FALSE = { fromAttribute: (value: string | null) => value !== "false" };

/** Defines an element once, also where two versions of the script are on one page: the first stays. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
