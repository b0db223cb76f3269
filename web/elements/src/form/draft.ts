import { typedCents, type AmountProblem } from "../cents";
import type { Language } from "../language";
import type { Terms } from "./terms";

/** All that a person chose and typed, as text, to be kept over a sign-in and put back. */
export interface Draft {
  isMonthly: boolean;
  /** Cents of a preset, or `other`; empty: not chosen. */
  amount: string;
  other: string;
  isAnonymous: boolean;
  consent: boolean;
  message: string;
  email: string;
}

/** What the platform gets, and `useBilling().createCheckout` takes. */
export interface ContributionFormData {
  amountCents: number;
  /** Absent: once. */
  interval?: "month";
  isAnonymous: boolean;
  publicDisplayConsent: boolean;
  message?: string;
  receiptEmail?: string;
  wordingVersion?: string;
}

export interface Problems {
  amount?: "choose" | "below" | "above" | Exclude<AmountProblem, "empty">;
  consent?: "consent";
  message?: "long";
  email?: "email";
}

export const MESSAGE_MOST = 500;

/** The consent is nobody's to give but the person's. */
export function emptyDraft(): Draft {
  const nothing = { amount: "", other: "", message: "", email: "" };
  return { ...nothing, isMonthly: false, isAnonymous: false, consent: false };
}

/** 25 dollars where they are offered, else the one in the middle. */
export function chosenAtFirst(presets: readonly bigint[]): string {
  const chosen = presets.includes(2500n) ? 2500n : presets[Math.floor((presets.length - 1) / 2)];
  return chosen === undefined ? "other" : chosen.toString();
}

/** The amount in cents, whether or not it is within the bounds. */
export function amountOf(draft: Draft, terms: Terms, language: Language): bigint | AmountProblem {
  if (draft.amount === "other") return typedCents(draft.other, language);
  return terms.presets.find((preset) => preset.toString() === draft.amount) ?? "empty";
}

/** As the gateway counts: characters, where a picture is one, not the two halves that browsers count. */
export function messageLength(message: string): number {
  return [...message].length;
}

/** In the order of the fields. */
export function problemsOf(draft: Draft, terms: Terms, language: Language): Problems {
  const problems: Problems = {};
  const amount = amountOf(draft, terms, language);
  if (typeof amount === "string") problems.amount = amount === "empty" ? "choose" : amount;
  else if (amount < terms.least) problems.amount = "below";
  else if (amount > terms.most) problems.amount = "above";
  if (!draft.isAnonymous && !draft.consent) problems.consent = "consent";
  if (messageLength(draft.message) > MESSAGE_MOST) problems.message = "long";
  const email = draft.email.trim();
  if (email !== "" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) problems.email = "email";
  return problems;
}

/** What was chosen on a form that asks holds on no form that does not. */
export function isMonthly(draft: Draft, terms: Terms): boolean {
  return terms.monthly && draft.isMonthly;
}

/** The contribution of a draft without problems. Anonymous stands above consent. */
export function dataOf(draft: Draft, terms: Terms, language: Language): ContributionFormData {
  const amount = amountOf(draft, terms, language);
  // Other control characters than line feeds come by pasting, and the gateway refuses them.
  const message = draft.message.replace(/[^\P{Cc}\n]/gu, " ").trim();
  const email = draft.email.trim();
  const isPublic = !draft.isAnonymous && draft.consent;
  return {
    amountCents: typeof amount === "bigint" ? Number(amount) : 0,
    ...(isMonthly(draft, terms) ? { interval: "month" } : {}),
    isAnonymous: draft.isAnonymous,
    publicDisplayConsent: isPublic,
    ...(message ? { message } : {}),
    ...(email ? { receiptEmail: email } : {}),
    ...(isPublic && terms.wordingVersion ? { wordingVersion: terms.wordingVersion } : {}),
  };
}
