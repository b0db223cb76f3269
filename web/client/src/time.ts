import type { Locale } from "./money";

/** Zones that are offered: browsers' own lists lack UTC and Europe/Kyiv. IANA names. */
export const TIME_ZONES: readonly string[] = [
  "UTC",
  ...names(
    "Europe",
    "Kyiv Amsterdam Athens Belgrade Berlin Bratislava Brussels Bucharest Budapest Chisinau",
    "Copenhagen Dublin Helsinki Istanbul Lisbon Ljubljana London Luxembourg Madrid Malta Minsk",
    "Moscow Oslo Paris Prague Riga Rome Sarajevo Skopje Sofia Stockholm Tallinn Tirane Vienna",
    "Vilnius Warsaw Zagreb Zurich",
  ),
  ...names("Africa", "Abidjan Algiers Cairo Casablanca Johannesburg Lagos Nairobi Tripoli Tunis"),
  ...names(
    "America",
    "Anchorage Argentina/Buenos_Aires Bogota Caracas Chicago Denver Halifax Havana Lima",
    "Los_Angeles Mexico_City Montevideo New_York Panama Phoenix Puerto_Rico Santiago Sao_Paulo",
    "St_Johns Toronto Vancouver",
  ),
  ...names(
    "Asia",
    "Almaty Amman Baghdad Baku Bangkok Beirut Colombo Dhaka Dubai Ho_Chi_Minh Hong_Kong Jakarta",
    "Jerusalem Kabul Karachi Kathmandu Kolkata Kuala_Lumpur Manila Novosibirsk Riyadh Seoul",
    "Shanghai Singapore Taipei Tashkent Tbilisi Tehran Tokyo Ulaanbaatar Vladivostok Yangon",
    "Yekaterinburg Yerevan",
  ),
  ...names("Atlantic", "Azores Cape_Verde Reykjavik South_Georgia"),
  ...names("Australia", "Adelaide Brisbane Darwin Hobart Melbourne Perth Sydney"),
  ...names("Pacific", "Auckland Chatham Fiji Guam Honolulu Kiritimati Noumea Pago_Pago Tongatapu"),
];

function names(area: string, ...places: string[]): string[] {
  return places.flatMap((line) => line.split(" ")).map((place) => `${area}/${place}`);
}

/** "Europe/Kyiv" as people read it: "Kyiv". */
export function zoneName(zone: string, locale: Locale = "en"): string {
  if (zone === "Europe/Kyiv" && locale === "uk") return "Київ";
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

/** The browser's zone. Chromium still calls Kyiv by its name of before. */
export function ownZone(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return timeZone === "Europe/Kiev" ? "Europe/Kyiv" : timeZone;
}

/** The zone, or UTC where this browser does not know it. */
export function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

export type TimeStyle = "minute" | "second" | "day" | "short";

const STYLES: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  minute: { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" },
  second: {
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  },
  day: { day: "numeric", month: "long", year: "numeric" },
  short: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** An instant (RFC 3339) in a zone, the day before the month and 24 hours, as our mails write it. */
export function formatTime(
  instant: string,
  locale: Locale,
  zone: string,
  style: TimeStyle = "minute",
): string {
  const key = `${locale} ${zone} ${style}`;
  let format = formats.get(key);
  if (!format) {
    const language = locale === "uk" ? "uk-UA" : "en-GB";
    const options = { ...STYLES[style], timeZone: knownZone(zone), hourCycle: "h23" as const };
    format = new Intl.DateTimeFormat(language, options);
    formats.set(key, format);
  }
  const at = new Date(instant);
  return Number.isNaN(at.getTime()) ? instant : format.format(at);
}

/** A day without a zone ("2026-11-28"). */
export function formatDay(day: string, locale: Locale): string {
  return formatTime(`${day}T00:00:00Z`, locale, "UTC", "day");
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const WITHIN_A_MINUTE = {
  en: { past: "just now", future: "in less than a minute" },
  uk: { past: "щойно", future: "менш ніж за хвилину" },
};

/** "5 minutes ago", "in 2 hours", "just now". */
export function formatAge(instant: string | number, now: number, locale: Locale): string {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1000);
  const words = new Intl.RelativeTimeFormat(locale);
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return WITHIN_A_MINUTE[locale][seconds > 0 ? "future" : "past"];
}
