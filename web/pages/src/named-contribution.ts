/**
 * The contribution that the payer comes back with. It leaves the address at once, so that whoever copies that shares no
 * more than the page; the browser keeps it beside the address, over a reload too. Null: none is named, as by a payment
 * link of before there was billing.
 */
export function takeContribution(page: Window = window): string | null {
  const named = new URLSearchParams(page.location.search).get("contribution");
  const kept = (page.history.state as { contribution?: unknown } | null)?.contribution;
  const ulid = named ?? (typeof kept === "string" ? kept : null);
  if (ulid === null || !/^[0-9A-Za-z]{26}$/.test(ulid)) return null;
  page.history.replaceState({ contribution: ulid }, "", page.location.pathname);
  return ulid;
}

/** Stripe names what was paid by a payment link of before there was billing, which names no contribution. */
export function isPaidByLink(page: Window = window): boolean {
  return new URLSearchParams(page.location.search).has("session_id");
}
