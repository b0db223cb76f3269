/** All four elements, defined. Each has an entry of its own, too. */
export { FundForm } from "./form/fund-form";
export { FundProgress } from "./progress/fund-progress";
export { FundWall, type Period, type Support } from "./wall/fund-wall";
export { FundBadge, type BadgeSize } from "./badge/fund-badge";
export { isLevel, LEVELS, type Level } from "./badge/level";
export type { ContributionFormData, Draft } from "./form/draft";
export type { Checkout } from "./form/checkout";
export type { Supporter, Supporters, WallPage } from "./wall/supporters";
export { ask, query, Refusal } from "./gateway";
export { money } from "./cents";
export { counted, type Language } from "./language";
