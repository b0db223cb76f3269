import { html, nothing, type TemplateResult } from "lit";
import type { Refusal } from "../gateway";
import type { Texts } from "../texts";

/** Why the payment did not begin. It is there from the first, and hidden, so that readers announce what it comes to say. */
export function failed(
  refusal: Refusal | undefined,
  texts: Texts["form"],
  signInUrl: string | null | undefined,
): TemplateResult {
  const known: Record<string, string> = texts.failure;
  // An operator's own words stand above ours.
  const said = refusal?.code === "PAYMENTS_OFF" ? refusal.message : "";
  const words = refusal && (said || (known[refusal.code] ?? known["else"]));
  return html`<div role="alert" part="failure" class="failure" ?hidden=${!words}>
    ${words}
    ${
      refusal?.code === "UNAUTHENTICATED" && signInUrl
        ? html`<a href=${signInUrl}>${texts.signIn}</a>`
        : nothing
    }
  </div>`;
}
