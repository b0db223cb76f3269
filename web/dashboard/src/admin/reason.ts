export const REASON_BYTES = 500;

export type ReasonProblem = { problem: "missing" } | { problem: "long"; bytes: number };

/** The service counts bytes, and a reason in Cyrillic has two for each letter. */
export function reasonProblem(reason: string): ReasonProblem | null {
  const trimmed = reason.trim();
  if (trimmed === "") return { problem: "missing" };
  const bytes = new TextEncoder().encode(trimmed).length;
  return bytes > REASON_BYTES ? { problem: "long", bytes } : null;
}
