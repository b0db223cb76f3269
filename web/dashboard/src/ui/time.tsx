import { formatAge, formatTime } from "@billing/client";
import type { Locale, TimeStyle } from "@billing/client";
import { useEffect, useState } from "react";

import { useLocale } from "../i18n";
import { useZone } from "../queries";

/** An instant in the account's zone. */
export function Time({ at, style = "minute" }: { at: string; style?: TimeStyle }) {
  const locale = useLocale();
  const zone = useZone();
  return (
    <time dateTime={at} className="figures">
      {formatTime(at, locale, zone, style)}
    </time>
  );
}

/** "5 minutes ago", kept true while it is shown. */
export function Age({ at }: { at: string | number }) {
  const locale = useLocale();
  return <time dateTime={new Date(at).toISOString()}>{useAge(at, locale)}</time>;
}

export function useAge(at: string | number, locale: Locale): string {
  return formatAge(at, useNow(), locale);
}

const TICK_MS = 20_000;

/** The time, which moves on while the page is open. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
