/** A name on the wall. */
export interface Supporter {
  name: string;
  /** The day of the first public contribution. */
  since: string;
  message?: string;
  /** They give monthly now. */
  monthly?: boolean;
}

export const TIERS = ["platinum", "gold", "silver", "bronze", "supporter"] as const;
export type Tier = (typeof TIERS)[number];

/** By tiers, as the guide has it; `supporter` are those below bronze. */
export type Supporters = Partial<Record<Tier, readonly Supporter[]>>;

export interface WallPage {
  supporters: Supporters;
  total_count: number;
  next_cursor: string | null;
}

/** A later page behind the earlier ones. */
export function joined(before: Supporters, after: Supporters): Supporters {
  return Object.fromEntries(
    TIERS.map((tier) => [tier, [...(before[tier] ?? []), ...(after[tier] ?? [])]]),
  );
}

export function countOf(supporters: Supporters): number {
  return TIERS.reduce((count, tier) => count + (supporters[tier]?.length ?? 0), 0);
}
