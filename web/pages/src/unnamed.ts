import { html, type TemplateResult } from "lit";
import type { Texts } from "./texts";

/** Beneath the heading where the address names no contribution. */
export function unnamed(texts: Texts["thankYou"], isPaid: boolean): TemplateResult {
  const { receipt, seeOwn, unnamed } = texts;
  if (isPaid) return html`<p>${receipt}</p>`;
  return html`<p>${unnamed}</p>
    <p><a href="/settings/contributions">${seeOwn}</a></p>`;
}
