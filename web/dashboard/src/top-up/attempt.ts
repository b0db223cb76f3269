/**
 * What is sent once, whatever happens to the page: the key under which a payment is begun is kept
 * before the request leaves, so that a double click, a reload and a lost answer all meet the same payment.
 */
export interface Attempt {
  key: string;
  provider: string;
  currency: string;
  /** As it was typed and read: "25.00". */
  amount: string;
  /** Paid on the provider's page. */
  hosted: boolean;
  /** Known once the gateway has answered. */
  paymentId?: string;
}

export type Content = Pick<Attempt, "provider" | "currency" | "amount" | "hosted">;

const FORM = "billing.top-up.attempt";
const BEGUN = "billing.top-up.begun";
const MOST_BEGUN = 10;

function isAttempt(value: unknown): value is Attempt {
  if (typeof value !== "object" || value === null) return false;
  const of = value as Record<string, unknown>;
  const texts = [of.key, of.provider, of.currency, of.amount];
  return texts.every((text) => typeof text === "string") && typeof of.hosted === "boolean";
}

function read(storage: Storage, name: string): unknown {
  try {
    return JSON.parse(storage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/** A browser that keeps nothing loses the help after a reload, and nothing else. */
function write(storage: Storage, name: string, value: unknown): void {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch {
    return;
  }
}

function same(one: Content, other: Content): boolean {
  return (
    one.provider === other.provider &&
    one.currency === other.currency &&
    one.amount === other.amount &&
    one.hosted === other.hosted
  );
}

/** The attempt of this form: the one that is kept where it pays the same, else a new one. */
export function attemptFor(content: Content): Attempt {
  const kept = read(sessionStorage, FORM);
  if (isAttempt(kept) && same(kept, content)) return kept;
  const attempt: Attempt = { ...content, key: crypto.randomUUID() };
  write(sessionStorage, FORM, attempt);
  return attempt;
}

/** Notes which payment an attempt became: any tab of this browser can go on with it later. */
export function noteBegun(attempt: Attempt, paymentId: string): void {
  const begun = { ...attempt, paymentId };
  write(sessionStorage, FORM, begun);
  const others = listBegun().filter((other) => other.paymentId !== paymentId);
  write(localStorage, BEGUN, [begun, ...others].slice(0, MOST_BEGUN));
}

function listBegun(): Attempt[] {
  const kept = read(localStorage, BEGUN);
  return Array.isArray(kept) ? kept.filter(isAttempt) : [];
}

/** How a payment was begun; undefined where another browser did it. */
export function findBegun(paymentId: string): Attempt | undefined {
  return listBegun().find((attempt) => attempt.paymentId === paymentId);
}

/** The payment has ended, or its key is of no use any more: the next one of the same amount is another. */
export function forget(ended: { key: string } | { paymentId: string }): void {
  const isEnded = (attempt: Attempt) =>
    "key" in ended ? attempt.key === ended.key : attempt.paymentId === ended.paymentId;
  const kept = read(sessionStorage, FORM);
  if (isAttempt(kept) && isEnded(kept)) write(sessionStorage, FORM, null);
  write(
    localStorage,
    BEGUN,
    listBegun().filter((attempt) => !isEnded(attempt)),
  );
}
