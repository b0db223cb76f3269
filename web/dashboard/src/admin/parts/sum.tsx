import type { ReactNode } from "react";

/** Amounts beneath each other, as on paper. */
export function Sum({ children }: { children: ReactNode }) {
  return <dl className="figures rounded-lg border border-line px-4 py-1">{children}</dl>;
}

interface SumLineProps {
  name: string;
  /** What it comes to. */
  last?: boolean;
  children: ReactNode;
}

export function SumLine({ name, last = false, children }: SumLineProps) {
  return (
    <div
      className={`flex flex-wrap justify-between gap-x-4 py-2 ${last ? "border-t border-line font-semibold" : ""}`}
    >
      <dt className={last ? "" : "text-ink-soft"}>{name}</dt>
      <dd className="wrap-anywhere">{children}</dd>
    </div>
  );
}
