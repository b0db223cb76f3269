import type { ContributionFormData, Draft } from "./draft";

/** The element as a field of a form of the page: its values are sent with it, and hold it back until they are good. */
export class Participation {
  readonly #internals: ElementInternals;

  constructor(element: HTMLElement) {
    this.#internals = element.attachInternals();
  }

  /** The page's form around the element. */
  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  /** `data` is there when nothing is missing; `missing` is said at `anchor` else. */
  tell(
    draft: Draft,
    data: ContributionFormData | undefined,
    missing: string,
    anchor: HTMLElement | null,
  ): void {
    const sent = new FormData();
    for (const [member, value] of Object.entries(data ?? {})) {
      // As the gateway names them.
      const name = member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      sent.set(name, String(value));
    }
    this.#internals.setFormValue(sent, JSON.stringify(draft));
    if (data) this.#internals.setValidity({});
    else this.#internals.setValidity({ customError: true }, missing, anchor ?? undefined);
  }
}
