import { html, nothing, type TemplateResult } from "lit";
import { money } from "../cents";
import type { Language } from "../language";
import { type Draft, messageLength, type Problems } from "./draft";
import type { Terms } from "./terms";
import type { Texts } from "./texts";

/** What the parts of the form are drawn from. */
export interface View {
  draft: Draft;
  terms: Terms;
  /** Only those that are to be said by now. */
  problems: Problems;
  texts: Texts;
  language: Language;
  isDisabled: boolean;
  change: (change: Partial<Draft>) => void;
  /** Somebody has left a field: its problem may be said. */
  leave: (field: keyof Problems) => void;
}

function textOf(event: Event): string {
  return (event.target as HTMLInputElement | HTMLTextAreaElement).value;
}

function isTicked(event: Event): boolean {
  return (event.target as HTMLInputElement).checked;
}

function error(view: View, field: keyof Problems): TemplateResult | typeof nothing {
  const problem = view.problems[field];
  if (!problem) return nothing;
  const bounds = boundsOf(view);
  return html`<p id="${field}-error" class="error" part="error">
    ${view.texts.problem(bounds)[problem]}
  </p>`;
}

export function boundsOf({ terms, language }: View): { least: string; most: string } {
  return { least: money(terms.least, language), most: money(terms.most, language) };
}

/** The ids of what is said about a field: its hint, and its error while there is one. */
function described(view: View, field: keyof Problems, hint?: string): string | typeof nothing {
  const ids = [view.problems[field] ? `${field}-error` : "", hint ?? ""].filter(Boolean);
  return ids.length > 0 ? ids.join(" ") : nothing;
}

export function amounts(view: View): TemplateResult {
  const { draft, terms, texts, language, change } = view;
  const choice = (value: string, label: string): TemplateResult => html`<label
    class="amount"
    part="amount"
  >
    <input
      type="radio"
      name="amount"
      value=${value}
      .checked=${draft.amount === value}
      ?disabled=${view.isDisabled}
      aria-describedby=${described(view, "amount")}
      @change=${() => change({ amount: value })}
      @click=${(event: PointerEvent) => {
        // A press leads on to the field; the arrow keys must be free to pass by.
        if (value === "other" && event.detail > 0) focusOther(event);
      }}
    />
    <span>${label}</span>
  </label>`;
  return html`<fieldset part="amounts">
    <legend>${texts.amount}</legend>
    <div class="amounts">
      ${terms.presets.map((preset) => choice(preset.toString(), money(preset, language)))}
      ${choice("other", texts.other)}
    </div>
    ${draft.amount === "other" ? other(view) : nothing} ${error(view, "amount")}
  </fieldset>`;
}

function focusOther(event: Event): void {
  const root = (event.target as HTMLElement).getRootNode() as ShadowRoot;
  requestAnimationFrame(() => root.querySelector<HTMLElement>("#other")?.focus());
}

/** Text, since number fields turn a typed `12,50` into 1250. */
function other(view: View): TemplateResult {
  return html`<label class="field">
      <span>${view.texts.otherLabel}</span>
      <input
        id="other"
        part="input"
        type="text"
        inputmode="decimal"
        autocomplete="transaction-amount"
        .value=${view.draft.other}
        ?disabled=${view.isDisabled}
        aria-invalid=${view.problems.amount ? "true" : nothing}
        aria-describedby=${described(view, "amount", "bounds")}
        @input=${(event: Event) => view.change({ other: textOf(event) })}
        @blur=${() => view.leave("amount")}
      />
    </label>
    <p id="bounds" class="quiet">${view.texts.bounds(boundsOf(view))}</p>`;
}

export function privacy(view: View): TemplateResult {
  const { draft, terms, texts, change } = view;
  const wording = terms.wording || texts.consent;
  const box = (
    id: "anonymous" | "consent",
    isChecked: boolean,
    label: string,
    set: (on: boolean) => void,
  ): TemplateResult => html`<label class="tick" part="tick">
    <input
      id=${id}
      type="checkbox"
      .checked=${isChecked}
      ?disabled=${view.isDisabled}
      ?required=${id === "consent"}
      aria-invalid=${id === "consent" && view.problems.consent ? "true" : nothing}
      aria-describedby=${id === "consent" ? described(view, "consent") : "anonymous-hint"}
      @change=${(event: Event) => set(isTicked(event))}
    />
    <span>${label}</span>
  </label>`;
  return html`<div class="privacy">
    ${box("anonymous", draft.isAnonymous, texts.anonymous, (isAnonymous) => change({ isAnonymous }))}
    ${draft.isAnonymous
      ? nothing
      : box("consent", draft.consent, wording, (consent) => change({ consent }))}
    ${error(view, "consent")}
    <p id="anonymous-hint" class="quiet" ?hidden=${!draft.isAnonymous}>${texts.anonymousHint}</p>
  </div>`;
}

export function message(view: View, recipientName: string): TemplateResult {
  const { draft, texts } = view;
  const length = messageLength(draft.message);
  return html`<div>
    <label class="field">
      <span>${texts.message}</span>
      <textarea
        id="message"
        part="input"
        rows="3"
        placeholder=${texts.messagePlaceholder(recipientName)}
        .value=${draft.message}
        ?disabled=${view.isDisabled}
        aria-invalid=${view.problems.message ? "true" : nothing}
        aria-describedby=${described(view, "message", "message-hint message-left")}
        @input=${(event: Event) => view.change({ message: textOf(event) })}
        @blur=${() => view.leave("message")}
      ></textarea>
    </label>
    <div class="under quiet">
      <span id="message-hint" ?hidden=${draft.isAnonymous}>${texts.messageHint}</span>
      <span id="message-left" class="left">${texts.left(length)}</span>
    </div>
    ${error(view, "message")}
  </div>`;
}

export function receipt(view: View): TemplateResult {
  return html`<div>
    <label class="field">
      <span>${view.texts.email}</span>
      <input
        id="email"
        part="input"
        type="email"
        autocomplete="email"
        .value=${view.draft.email}
        ?disabled=${view.isDisabled}
        aria-invalid=${view.problems.email ? "true" : nothing}
        aria-describedby=${described(view, "email", "email-hint")}
        @input=${(event: Event) => view.change({ email: textOf(event) })}
        @blur=${() => view.leave("email")}
      />
    </label>
    <p id="email-hint" class="quiet">${view.texts.emailHint}</p>
    ${error(view, "email")}
  </div>`;
}

/** The first field that has a problem, from the top. */
export function faulty(root: ParentNode, problems: Problems): HTMLElement | null {
  const find = (selector: string): HTMLElement | null => root.querySelector(selector);
  if (problems.amount) return find("#other") ?? find("[name=amount]");
  if (problems.consent) return find("#consent");
  if (problems.message) return find("#message");
  return problems.email ? find("#email") : null;
}
