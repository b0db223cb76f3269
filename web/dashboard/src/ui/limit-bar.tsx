import { percentOf } from "@billing/client";
import type { Decimal } from "@billing/client";
import type { ReactNode } from "react";

interface LimitBarProps {
  /** Read aloud. */
  label: string;
  used: Decimal;
  limit: Decimal;
  /** Below the bar. */
  children?: ReactNode;
}

/** How much of a limit is used. An SVG, whose width needs no style attribute. */
export function LimitBar({ label, used, limit, children }: LimitBarProps) {
  const percent = percentOf(used, limit);
  const colour = percent >= 100 ? "fill-bad" : percent >= 80 ? "fill-warn" : "fill-accent";
  return (
    <div>
      <div
        role="meter"
        aria-label={label}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={`${percent}%`}
      >
        <svg className="block h-2 w-full rounded-full" aria-hidden>
          <rect width="100%" height="100%" className="fill-sunken" />
          <rect width={`${percent}%`} height="100%" className={colour} />
        </svg>
      </div>
      {children}
    </div>
  );
}
