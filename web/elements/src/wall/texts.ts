import { counted } from "../language";
import type { Tier } from "./supporters";

export const TEXTS = {
  en: {
    period: "Whom to show",
    month: "This month",
    all: "All time",
    tiers: {
      platinum: "Platinum",
      gold: "Gold",
      silver: "Silver",
      bronze: "Bronze",
      supporter: "Supporters",
    } satisfies Record<Tier, string>,
    count: (count: number) => counted(count, "en", ["# supporter", "", "# supporters"]),
    support: "Who still supports",
    everybody: "Everybody",
    active: "Supporting now",
    past: "Past",
    since: (month: string) => `since ${month}`,
    monthly: "monthly",
    nobody: {
      month: "Nobody is named here this month yet.",
      all: "Nobody is named here yet.",
      active: "Nobody who is named here gives monthly at present.",
      past: "Nobody else is named here.",
    },
    more: "Load more",
    moreFailed: "The next names cannot be loaded at present. Please try again.",
  },
  uk: {
    period: "Кого показати",
    month: "Цього місяця",
    all: "За весь час",
    tiers: {
      platinum: "Платина",
      gold: "Золото",
      silver: "Срібло",
      bronze: "Бронза",
      supporter: "Прихильники",
    },
    count: (count: number) =>
      counted(count, "uk", ["# прихильник", "# прихильники", "# прихильників"]),
    support: "Чия підтримка триває",
    everybody: "Усі",
    active: "Підтримують зараз",
    past: "Колишні",
    since: (month: string) => `з нами з ${month}`,
    monthly: "щомісяця",
    nobody: {
      month: "Цього місяця тут ще нікого не названо.",
      all: "Тут ще нікого не названо.",
      active: "Серед названих тут зараз ніхто не дає щомісяця.",
      past: "Більше нікого тут не названо.",
    },
    more: "Показати ще",
    moreFailed: "Зараз не вдається показати наступні імена. Спробуйте ще раз.",
  },
};

export type WallTexts = (typeof TEXTS)["en"];
