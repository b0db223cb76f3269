import { type Language } from "@billing/elements";
import { LitElement, type TemplateResult } from "lit";
import { setLanguage } from "./language";
import type { Services } from "./services";
import { shell } from "./shell";
import { TEXTS, type Texts } from "./texts";

/** A page: in the document itself, so that its one style sheet holds, within the frame that all have. */
export abstract class PageElement extends LitElement {
  #unsubscribe: (() => void) | undefined;

  constructor(readonly services: Services) {
    super();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const { session } = this.services;
    let user = this.#user;
    this.#unsubscribe = session.subscribe(() => {
      this.requestUpdate();
      if (user === this.#user) return;
      user = this.#user;
      this.userChanged();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  /** Whether the elements on it still ask for what they show. */
  isComing(): boolean {
    const elements = this.querySelectorAll("fund-form, fund-progress, fund-wall");
    return [...elements].some(({ shadowRoot }) => {
      const has = (selector: string): boolean => !!shadowRoot?.querySelector(selector);
      // The slot is for the page's own words: until there are others, or when there are none to be had.
      return has(".loading") || (has("slot") && !has("[part=away]"));
    });
  }

  get #user(): string | null {
    return this.isSignedIn ? this.services.session.owner() : null;
  }

  /** Somebody signed in or out while the page is open: in another tab, or by a link to where they are already. */
  protected userChanged(): void {
    // What a page knows of nobody stays true.
  }

  protected get language(): Language {
    return document.documentElement.lang === "uk" ? "uk" : "en";
  }

  protected get texts(): Texts {
    return TEXTS[this.language];
  }

  /** Whom the page asks support for; null where the configuration does not say. */
  protected get recipient(): string | null {
    return this.services.config.tenant_name;
  }

  protected get isSignedIn(): boolean {
    return this.services.session.token() !== null;
  }

  protected readonly speak = (language: Language): void => {
    setLanguage(language);
    this.requestUpdate();
  };

  protected override render(): TemplateResult {
    document.title = this.heading();
    return shell({
      texts: this.texts,
      language: this.language,
      services: this.services,
      speak: this.speak,
      content: this.content(),
    });
  }

  protected abstract heading(): string;
  protected abstract content(): TemplateResult;
}
