import type { Language } from "@billing/elements";
import { en } from "./en";
import { uk } from "./uk";

/** Both languages have the same words to say, or this does not compile. */
export type Texts = typeof en;
export const TEXTS: Record<Language, Texts> = { en, uk };
