import { CircleAlert, CircleCheck } from "lucide-react";
import type { ReactNode } from "react";

/** What became of the last deed, beside its button. It is always there, so that it is read aloud. */
export function Status({ tone = "good", children }: { tone?: "good" | "bad"; children?: ReactNode }) {
  const Icon = tone === "good" ? CircleCheck : CircleAlert;
  return (
    <p role="status" className={`flex items-center gap-2 ${tone === "good" ? "text-good" : "text-bad"}`}>
      {children && <Icon size={18} className="shrink-0" aria-hidden />}
      {children}
    </p>
  );
}
