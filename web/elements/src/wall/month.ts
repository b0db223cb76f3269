/** `2024-01-15` as `January 2024`, or `січня 2024`: beside a day Ukrainian months stand in the case that is needed. */
export function monthOf(day: string, language: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return "";
  const whole = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" } as const;
  const parts = new Intl.DateTimeFormat(language, whole).formatToParts(date);
  const part = (wanted: string): string => parts.find(({ type }) => type === wanted)?.value ?? "";
  return `${part("month")} ${part("year")}`;
}
