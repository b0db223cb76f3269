export type Level = "bronze" | "silver" | "gold" | "platinum";

/** The lowest first. */
export const LEVELS: readonly Level[] = ["bronze", "silver", "gold", "platinum"];

export function isLevel(value: unknown): value is Level {
  return LEVELS.some((level) => level === value);
}
