import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

export type Tone = "info" | "good" | "warn" | "bad";

const LOOKS: Record<Tone, [string, typeof Info]> = {
  info: ["bg-accent-soft text-ink", Info],
  good: ["bg-good-soft text-good", CircleCheck],
  warn: ["bg-warn-soft text-warn", TriangleAlert],
  bad: ["bg-bad-soft text-bad", CircleAlert],
};

interface BannerProps {
  tone: Tone;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  /** `alert` where it appears because of what the user just did. */
  role?: "status" | "alert";
}

export function Banner({ tone, title, children, action, role }: BannerProps) {
  const [colours, Icon] = LOOKS[tone];
  return (
    <div
      role={role}
      className={`flex flex-wrap items-start gap-x-4 gap-y-2 rounded-xl p-4 ${colours}`}
    >
      <Icon size={20} className="mt-0.5 shrink-0" aria-hidden />
      <div className="min-w-0 flex-1 basis-52">
        {title && <p className="font-semibold">{title}</p>}
        {children && <div className="text-ink">{children}</div>}
      </div>
      {action}
    </div>
  );
}
