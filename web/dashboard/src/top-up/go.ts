import type { Client, Provider } from "@billing/client";
import type { Stripe } from "@stripe/stripe-js";

import type { Attempt, Content } from "./attempt";
import { begin, type Begun, resume } from "./begin";
import { currencyOf } from "./provider";
import { loadCardForm } from "./stripe";

/** The card form cannot be had, and there is no other page. Nothing was begun. */
export class NoCardForm extends Error {
  override readonly name = "NoCardForm";
}

/** How a payment goes on, with what the page needs for it. */
export type Gone = Exclude<Begun, { go: "card" }> | (Begun & { go: "card"; stripe: Stripe });

/**
 * Begins a payment where it can be paid: in the page if the card form can be had, else on the
 * provider's own. The form comes first, since a payment is made for one of the two.
 */
export async function pay(client: Client, provider: Provider, amount: string): Promise<Gone> {
  const stripe = await cardForm(provider);
  return payWith(client, stripe, contentOf(provider, amount, stripe));
}

/** Goes on with a payment that was begun in this browser, or begins it anew where it has lapsed. */
export async function payOn(client: Client, provider: Provider, attempt: Attempt): Promise<Gone> {
  const stripe = attempt.hosted ? null : await cardForm(provider);
  const content = contentOf(provider, attempt.amount, stripe);
  // What was begun for the page cannot be paid on another one.
  const canResume = attempt.hosted || attempt.hosted === content.hosted;
  const begun = canResume ? await resume(client, attempt) : "ended";
  if (begun === "ended") return payWith(client, stripe, content);
  // It was paid in the meantime: that is news, and no reason to ask.
  return withForm(begun.go === "already" ? { ...begun, go: "look" } : begun, stripe);
}

/** On the provider's page, although the card form was there: it broke. */
export async function payHosted(client: Client, provider: Provider, amount: string): Promise<Gone> {
  return payWith(client, null, contentOf(provider, amount, null));
}

async function payWith(client: Client, stripe: Stripe | null, content: Content): Promise<Gone> {
  return withForm(await begin(client, content), stripe);
}

function withForm(begun: Begun, stripe: Stripe | null): Gone {
  if (begun.go !== "card") return begun;
  return stripe ? { ...begun, stripe } : { go: "look", paymentId: begun.paymentId };
}

async function cardForm(provider: Provider): Promise<Stripe | null> {
  return provider.publishable_key === null ? null : loadCardForm(provider.publishable_key);
}

function contentOf(provider: Provider, amount: string, stripe: Stripe | null): Content {
  // Fondy has a page alone, and is not told so.
  const hosted = provider.protocol === "stripe" && stripe === null;
  if (hosted && !provider.hosted) throw new NoCardForm("the card form cannot be loaded");
  return { provider: provider.provider, currency: currencyOf(provider), amount, hosted };
}
