import { html, nothing, type TemplateResult } from "lit";
import type { Refusal } from "../gateway";
import type { Texts } from "../texts";

/** Where the page leads those who cannot give as they are, by its attributes. */
interface Ways {
  signInUrl: string | null | undefined;
  manageUrl: string | null | undefined;
}

/** Why the payment did not begin. It is there from the first, and hidden, so that readers announce what it comes to say. */
export function failed(
  refusal: Refusal | undefined,
  texts: Texts["form"],
  ways: Ways,
): TemplateResult {
  const known: Record<string, string> = texts.failure;
  // An operator's own words stand beside ours.
  const said = refusal?.code === "PAYMENTS_OFF" ? refusal.message : "";
  const words = refusal && `${known[refusal.code] ?? known["else"]} ${said}`;
  const [url, label] =
    refusal?.code === "UNAUTHENTICATED"
      ? [ways.signInUrl, texts.signIn]
      : refusal?.code === "SUBSCRIPTION_EXISTS"
        ? [ways.manageUrl, texts.manage]
        : [];
  return html`<div role="alert" part="failure" class="failure" ?hidden=${!words}>
    ${words} ${url ? html`<a href=${url}>${label}</a>` : nothing}
  </div>`;
}
