import { ApiError, dropDraft, findDraft, keepDraft } from "@billing/client";
import { useState } from "react";

/** A change that was confirmed, and the key by which it is carried out once however often it is asked for. */
export interface Intent<C> {
  key: string;
  content: C;
}

export interface Unanswered<C> {
  /** The change that was confirmed and has no answer yet. */
  intent: Intent<C> | null;
  /** Takes the same key for the same content. */
  begin: (content: C) => Intent<C>;
  settle: () => void;
}

/**
 * Keeps a confirmed change of one place until an answer settles it. It outlives the page and a sign-in of the
 * same person: a lost answer is asked for again with the same key.
 */
export function useUnanswered<C>(place: string, owner: string): Unanswered<C> {
  const name = `admin.unanswered.${place}`;
  const [intent, setIntent] = useState(() => findDraft(name, owner) as Intent<C> | null);

  return {
    intent,
    begin(content) {
      const same = intent !== null && JSON.stringify(intent.content) === JSON.stringify(content);
      const begun = same ? intent : { key: newKey(), content };
      keepDraft(name, owner, begun);
      setIntent(begun);
      return begun;
    },
    settle() {
      dropDraft(name);
      setIntent(null);
    },
  };
}

/** Whether an error says for certain that nothing was carried out, now or by an earlier attempt. */
export function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  return error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status);
}

/** Not `randomUUID`, which browsers have only where the page came over TLS or from this machine. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
