import { Check, Copy as CopyIcon } from "lucide-react";
import { useEffect, useState } from "react";

import { useTranslation } from "../i18n/use-translation";

const SHOWN_MILLIS = 2000;

/** Copies an id. Absent where the page may not write to the clipboard: outside of https. */
export function Copy({ text, name }: { text: string; name: string }) {
  const { t } = useTranslation("transactions");
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MILLIS);
    return () => clearTimeout(timer);
  }, [copied]);
  if (!("clipboard" in navigator)) return null;
  return (
    <button
      type="button"
      aria-label={t("copy", { what: name })}
      className="-my-2 inline-flex size-11 shrink-0 cursor-pointer items-center justify-center rounded-lg text-ink-soft hover:bg-sunken"
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => setCopied(true),
          // The user or a policy forbids it: the id can be selected as text.
          () => setCopied(false),
        );
      }}
    >
      {copied ? <Check size={16} aria-hidden /> : <CopyIcon size={16} aria-hidden />}
      <span role="status" className="sr-only">
        {copied && t("copied")}
      </span>
    </button>
  );
}
