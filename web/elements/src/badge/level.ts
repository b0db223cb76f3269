import type { Language } from "../language";

export type Level = "bronze" | "silver" | "gold" | "platinum";

/** The lowest first. */
export const LEVELS: readonly Level[] = ["bronze", "silver", "gold", "platinum"];

export function isLevel(value: unknown): value is Level {
  return LEVELS.some((level) => level === value);
}

const LABELS: Record<Language, Record<Level, string>> = {
  en: {
    bronze: "Bronze Supporter",
    silver: "Silver Supporter",
    gold: "Gold Supporter",
    platinum: "Platinum Supporter",
  },
  uk: {
    bronze: "Бронзова відзнака",
    silver: "Срібна відзнака",
    gold: "Золота відзнака",
    platinum: "Платинова відзнака",
  },
};

export function labelOf(level: Level, language: Language): string {
  return LABELS[language][level];
}
