import { html, nothing, type TemplateResult } from "lit";
import { money } from "../cents";
import type { Language } from "../language";
import { amountOf, type Draft, isMonthly, messageLength, type Problems } from "./draft";
import type { Terms } from "./terms";
import type { Texts } from "../texts";

/** What the parts of the form are drawn from. */
export interface View {
  draft: Draft;
  terms: Terms;
  /** Only those that are to be said by now. */
  problems: Problems;
  texts: Texts["form"];
  language: Language;
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

/** The problem of a field, in words. */
function problem(view: View, field: keyof Problems): string | undefined {
  const found = view.problems[field];
  return found && view.texts.problem(boundsOf(view.terms, view.language))[found];
}

/**
 * A field's hint, or in its place what is wrong: nothing moves when a field is left, or the button would not be under
 * the pointer any more that has just been pressed on it.
 */
function hint(view: View, field: keyof Problems, id: string, words: unknown): TemplateResult {
  const wrong = problem(view, field);
  return html`<p id=${id} class=${wrong ? "error" : "quiet"} part=${wrong ? "error" : "hint"}>
    ${wrong ?? words}
  </p>`;
}

export function boundsOf(terms: Terms, language: Language): { least: string; most: string } {
  return { least: money(terms.least, language), most: money(terms.most, language) };
}

/** One of the answers to how much, or how often. */
function option(
  name: "amount" | "interval",
  value: string,
  label: string,
  isChosen: boolean,
  choose: () => void,
): TemplateResult {
  return html`<label class="amount" part=${name}>
    <input
      type="radio"
      name=${name}
      value=${value}
      .checked=${isChosen}
      @change=${choose}
      @click=${(event: PointerEvent) => {
        // A press leads on to the field; the arrow keys must be free to pass by.
        if (value === "other" && event.detail > 0) focusOther(event);
      }}
    />
    <span>${label}</span>
  </label>`;
}

/** Once or monthly, where the page asks. That it can be ended is said before anybody chooses. */
export function intervals(view: View): TemplateResult {
  const { draft, texts, change } = view;
  return html`<fieldset part="intervals" aria-describedby="interval-hint">
    <legend>${texts.interval}</legend>
    <div class="amounts">
      ${option("interval", "once", texts.once, !draft.isMonthly, () => change({ isMonthly: false }))}
      ${option("interval", "month", texts.month, draft.isMonthly, () => change({ isMonthly: true }))}
    </div>
    <p id="interval-hint" class="quiet" part="hint">${texts.monthHint}</p>
  </fieldset>`;
}

/** What the button does, with the amount once there is one. */
export function action({ draft, terms, texts, language }: View): string {
  const amount = amountOf(draft, terms, language);
  return isMonthly(draft, terms) && typeof amount === "bigint"
    ? texts.submitMonthly(money(amount, language))
    : texts.submit;
}

export function amounts(view: View): TemplateResult {
  const { draft, terms, texts, language, change } = view;
  const choice = (value: string, label: string): TemplateResult =>
    option("amount", value, label, draft.amount === value, () => change({ amount: value }));
  return html`<fieldset part="amounts">
    <legend>${texts.amount}</legend>
    <div class="amounts">
      ${terms.presets.map((preset) => choice(preset.toString(), money(preset, language)))}
      ${choice("other", texts.other)}
    </div>
    ${draft.amount === "other" ? other(view) : nothing}
  </fieldset>`;
}

function focusOther(event: Event): void {
  const root = (event.target as HTMLElement).getRootNode() as ShadowRoot;
  requestAnimationFrame(() => root.querySelector<HTMLElement>("#other")?.focus());
}

/** Text, since number fields turn a typed `12,50` into 1250. */
function other(view: View): TemplateResult {
  const bounds = view.texts.bounds(boundsOf(view.terms, view.language));
  return line(view, "amount", "other", view.texts.otherLabel, bounds);
}

function line(
  view: View,
  field: "amount" | "email",
  member: "other" | "email",
  label: string,
  words: string,
): TemplateResult {
  return html`<label class="field">
      <span>${label}</span>
      <input
        id=${member}
        part="input"
        type=${field === "email" ? field : "text"}
        inputmode=${field === "email" ? field : "decimal"}
        autocomplete=${field === "email" ? field : "off"}
        .value=${view.draft[member]}
        aria-invalid=${view.problems[field] ? "true" : nothing}
        aria-describedby="${member}-hint"
        @input=${(event: Event) => view.change({ [member]: textOf(event) })}
        @blur=${() => view.leave(field)}
      />
    </label>
    ${hint(view, field, `${member}-hint`, words)}`;
}

export function privacy(view: View): TemplateResult {
  const { draft, terms, texts, change } = view;
  const wording = terms.wording || texts.consent;
  const box = (
    id: "anonymous" | "consent",
    isChecked: boolean,
    label: string,
    set: (on: boolean) => void,
  ): TemplateResult =>
    html`<label class="tick" part="tick">
      <input
        id=${id}
        type="checkbox"
        .checked=${isChecked}
        ?required=${id === "consent"}
        aria-invalid=${id === "consent" && view.problems.consent ? "true" : nothing}
        aria-describedby="${id}-hint"
        @change=${(event: Event) => set(isTicked(event))}
      />
      <span>${label}</span>
    </label>`;
  return html`<div>
    ${box("anonymous", draft.isAnonymous, texts.anonymous, (isAnonymous) => change({ isAnonymous }))}
    ${
      draft.isAnonymous
        ? nothing
        : box("consent", draft.consent, wording, (consent) => change({ consent }))
    }
    ${
      draft.isAnonymous
        ? html`<p id="anonymous-hint" class="quiet">${texts.anonymousHint}</p>`
        : hint(view, "consent", "consent-hint", nothing)
    }
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
        aria-invalid=${view.problems.message ? "true" : nothing}
        aria-describedby="message-hint message-left"
        @input=${(event: Event) => view.change({ message: textOf(event) })}
        @blur=${() => view.leave("message")}
      ></textarea>
    </label>
    <div class="under">
      ${hint(view, "message", "message-hint", draft.isAnonymous ? nothing : texts.messageHint)}
      <p id="message-left" class="quiet">${texts.left(length)}</p>
    </div>
  </div>`;
}

export function receipt(view: View): TemplateResult {
  const { email, emailHint } = view.texts;
  return html`<div>${line(view, "email", "email", email, emailHint)}</div>`;
}

/** The first field that has a problem, from the top. */
export function faulty(root: ParentNode, problems: Problems): HTMLElement | null {
  const find = (selector: string): HTMLElement | null => root.querySelector(selector);
  if (problems.amount) return find("#other") ?? find("[name=amount]");
  const [first] = Object.keys(problems);
  return first ? find(`#${first}`) : null;
}
