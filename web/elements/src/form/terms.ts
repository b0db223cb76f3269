import { ofDollars, wholeCents } from "../cents";

/** What is offered, within which bounds, and the words of the consent. */
export interface Terms {
  least: bigint;
  most: bigint;
  presets: readonly bigint[];
  /** Empty: those of the form. */
  wording: string;
  wordingVersion: string;
  /** Whether people are asked how often. */
  monthly: boolean;
}

/** The tenant's terms as the gateway tells them. */
export interface Sponsorship {
  min_amount_cents: number;
  max_amount_cents: number;
  presets_cents: number[];
  wording: string;
  wording_version: string;
  /** Why nothing new is taken at present, in the operator's words; null or absent where it is. */
  payments_paused_reason?: string | null;
}

/** What the page says of them, in dollars. */
interface Given {
  presetAmounts: readonly number[] | null | undefined;
  minAmount: number | null | undefined;
  maxAmount: number | null | undefined;
  wording: string | null | undefined;
  wordingVersion: string | null | undefined;
  monthly: boolean;
}

/** As the guide has them, where neither the page nor the tenant says otherwise. */
const GUIDE = { presets: [1000n, 2500n, 5000n], least: 500n, most: 1_000_000n };

/** The page's word holds, then the tenant's. */
export function termsOf(page: Given, tenant: Sponsorship | undefined): Terms {
  const presets = page.presetAmounts?.map(ofDollars).filter((cents) => cents !== undefined);
  // A version names the tenant's words, not others that a page puts in their place.
  const version = page.wording ? "" : (tenant?.wording_version ?? "");
  return {
    presets: presets ?? tenant?.presets_cents.map((cents) => BigInt(cents)) ?? GUIDE.presets,
    least: ofDollars(page.minAmount) ?? wholeCents(tenant?.min_amount_cents) ?? GUIDE.least,
    most: ofDollars(page.maxAmount) ?? wholeCents(tenant?.max_amount_cents) ?? GUIDE.most,
    wording: page.wording || (tenant?.wording ?? ""),
    wordingVersion: page.wordingVersion || version,
    monthly: page.monthly,
  };
}

/** Dollars as an attribute lists them: `preset-amounts="10,25,50"`. */
export const dollarList = {
  fromAttribute: (value: string | null) => value?.split(",").map(Number),
};
