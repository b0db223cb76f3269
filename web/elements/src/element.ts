import { html, LitElement, type PropertyDeclarations } from "lit";
import { type Language, languageOf } from "./language";
import { type Texts, textsOf } from "./texts";

const shown = new Set<FundElement>();
let languages: MutationObserver | undefined;

/** The elements say everything anew where the page, or one of them, changes its language. */
function watch(element: Element): void {
  languages ??= new MutationObserver(() => {
    for (const each of shown) each.requestUpdate();
  });
  languages.observe(element, { attributeFilter: ["lang"] });
}

/** The place of a gateway, the language of the place on the page, and events that a page can stop. */
export abstract class FundElement extends LitElement {
  static override properties: PropertyDeclarations = {
    apiBase: { attribute: "api-base" },
    tenant: {},
  };

  /** The gateway's address, `""` for the page's own; absent: everything comes by properties. */
  declare apiBase: string | null | undefined;
  declare tenant: string | null | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    shown.add(this);
    watch(document.documentElement);
    watch(this);
    // It may have been moved to where another language is spoken.
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    shown.delete(this);
  }

  /** Whether the element may ask the gateway. */
  protected get hasPlace(): boolean {
    return typeof this.apiBase === "string";
  }

  protected get language(): Language {
    return languageOf(this);
  }

  protected get texts(): Texts | undefined {
    return textsOf(this.language, () => this.requestUpdate());
  }

  /** Until there are words the page's own stand there, as they do where no script runs. */
  protected override render(): unknown {
    const { texts } = this;
    return texts ? this.show(texts) : html`<slot></slot>`;
  }

  protected abstract show(texts: Texts): unknown;

  /** False where the page has stopped what would follow. */
  protected fire(name: string, detail?: unknown): boolean {
    return this.dispatchEvent(
      new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }
}

/** Defines an element once, also where two versions of the script are on one page: the first stays. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
