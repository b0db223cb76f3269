import type { ApiError } from "@billing/client";
import { useState } from "react";
import { useSession } from "../session/context";
import { isRefusal, useUnanswered } from "./intent";
import { useReadAgain } from "./use-admin";

/**
 * - `asked`: on its way
 * - `done`: carried out, and this is the answer
 * - `refused`: nothing was carried out
 * - `unknown`: no answer came, and it may have been carried out
 */
export type Outcome<A> =
  | { kind: "none" }
  | { kind: "asked" }
  | { kind: "done"; answer: A }
  | { kind: "refused"; error: ApiError }
  | { kind: "unknown" };

export interface ConfirmedChange<C, A> {
  outcome: Outcome<A>;
  /** What was confirmed and has no answer; only it can be asked for until one comes. */
  unanswered: C | null;
  carryOut: (content: C) => Promise<Outcome<A>>;
  /** Forgets what the last one came to. */
  reset: () => void;
}

/**
 * One change at a time of a place. Nothing is shown as done before the answer says so, and a change whose answer
 * was lost is asked for with the same key again.
 */
export function useChange<C, A>(
  place: string,
  send: (content: C, key: string) => Promise<A>,
): ConfirmedChange<C, A> {
  const session = useSession();
  const readAgain = useReadAgain();
  const kept = useUnanswered<C>(place, session.owner());
  const [outcome, setOutcome] = useState<Outcome<A>>(
    kept.intent === null ? { kind: "none" } : { kind: "unknown" },
  );

  async function carryOut(content: C): Promise<Outcome<A>> {
    const { key } = kept.begin(content);
    setOutcome({ kind: "asked" });
    const came = await send(content, key).then(
      (answer): Outcome<A> => ({ kind: "done", answer }),
      (error: unknown): Outcome<A> =>
        isRefusal(error) ? { kind: "refused", error } : { kind: "unknown" },
    );
    if (came.kind !== "unknown") kept.settle();
    setOutcome(came);
    void readAgain();
    return came;
  }

  return {
    outcome,
    unanswered: kept.intent?.content ?? null,
    carryOut,
    reset: () => setOutcome({ kind: "none" }),
  };
}
