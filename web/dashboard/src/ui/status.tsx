import { CircleAlert, CircleCheck, Info } from "lucide-react";
import type { ReactNode } from "react";

const LOOKS = {
  info: ["text-ink-soft", Info],
  good: ["text-good", CircleCheck],
  bad: ["text-bad", CircleAlert],
} as const;

interface StatusProps {
  tone?: keyof typeof LOOKS;
  children?: ReactNode;
}

/** What became of the last deed, beside its button. It is always there, so that it is read aloud. */
export function Status({ tone = "good", children }: StatusProps) {
  const [colour, Icon] = LOOKS[tone];
  return (
    <p role="status" className={`flex items-start gap-2 ${colour}`}>
      {children && <Icon size={18} className="mt-0.5 shrink-0" aria-hidden />}
      {children}
    </p>
  );
}
