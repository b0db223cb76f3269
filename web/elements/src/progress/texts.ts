import { counted } from "../language";

export const TEXTS = {
  en: {
    goal: "This month’s goal",
    of: (goal: string) => `of ${goal}`,
    from: (count: number) => `from ${counted(count, "en", ["# supporter", "", "# supporters"])}`,
    reached: "This month’s goal is reached. Thank you!",
    pending: (amount: string) => `${amount} more is on its way.`,
  },
  uk: {
    goal: "Мета цього місяця",
    of: (goal: string) => `із ${goal}`,
    from: (count: number) =>
      `від ${counted(count, "uk", ["# прихильника", "# прихильників", "# прихильників"])}`,
    reached: "Мети цього місяця досягнуто. Дякуємо!",
    pending: (amount: string) => `Ще ${amount} у дорозі.`,
  },
};
