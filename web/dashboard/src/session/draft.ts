import { dropDraft, findDraft, keepDraft } from "@billing/client";
import { useCallback, useEffect, useState } from "react";

import { useSession } from "./context";

export interface Draft<T extends object> {
  value: T;
  /** Keeps it for this tab, also over a login in between. */
  set: (change: Partial<T>) => void;
  /** Forgets it: it was sent, or is not wanted. */
  drop: () => void;
  /** True: it was typed before the page was loaded, or left. */
  restored: boolean;
}

/** What was typed into a form, before `initial`. It belongs to the user who typed it. */
export function useDraft<T extends object>(name: string, initial: T): Draft<T> {
  const session = useSession();
  const [found] = useState(() => findDraft(name, session.owner()));
  const [typed, setTyped] = useState<Partial<T> | null>(() => fitting(found, initial));
  const [restored, setRestored] = useState(typed !== null);

  useEffect(() => {
    if (typed) keepDraft(name, session.owner(), typed);
  }, [typed, name, session]);

  const set = useCallback((change: Partial<T>) => {
    setTyped((before) => ({ ...before, ...change }));
  }, []);
  const drop = useCallback(() => {
    dropDraft(name);
    setTyped(null);
    setRestored(false);
  }, [name]);

  return { value: { ...initial, ...typed }, set, drop, restored };
}

/** Members that the form has, of the kinds that it has: a version before may have kept others. */
function fitting<T extends object>(found: unknown, initial: T): Partial<T> | null {
  if (found === null || typeof found !== "object") return null;
  const kinds = new Map(Object.entries(initial).map(([name, value]) => [name, typeof value]));
  const kept = Object.entries(found).filter(([name, value]) => kinds.get(name) === typeof value);
  return kept.length > 0 ? (Object.fromEntries(kept) as Partial<T>) : null;
}
