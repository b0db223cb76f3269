import type { Language } from "../language";
import type { Level } from "./level";

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
