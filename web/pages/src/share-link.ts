import { html, nothing, type TemplateResult } from "lit";
import type { Texts } from "./texts";

/** Leads to the page for everybody: what is shared names no contribution. */
export function shareLink(texts: Texts, recipient: string | null): TemplateResult {
  const url = new URL("/support", location.href).href;
  const { share } = texts;
  const hand = { title: share.title(recipient), text: share.text(recipient), url };
  const canShare = typeof navigator.share === "function";
  return html`<section class="share" aria-labelledby="share">
    <h2 id="share">${share.heading}</h2>
    <div class="row">
      <input type="text" readonly aria-label=${share.link} value=${url} @focus=${select} />
      <button type="button" @click=${(event: Event) => void copy(event, url, share.copied)}>
        ${share.copy}
      </button>
      ${
        canShare
          ? html`<button
              type="button"
              @click=${() => void navigator.share(hand).catch(() => undefined)}
            >
              ${share.send}
            </button>`
          : nothing
      }
    </div>
    <p class="quiet" role="status" id="copied"></p>
  </section>`;
}

function select(event: Event): void {
  (event.target as HTMLInputElement).select();
}

/** Where the clipboard is forbidden the link is selected, for the keys that copy. */
async function copy(event: Event, url: string, copied: string): Promise<void> {
  const section = (event.target as HTMLElement).closest("section");
  try {
    await navigator.clipboard.writeText(url);
    const status = section?.querySelector("#copied");
    if (status) status.textContent = copied;
  } catch {
    section?.querySelector("input")?.focus();
  }
}
