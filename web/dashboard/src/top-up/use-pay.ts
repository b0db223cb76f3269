import type { Client } from "@billing/client";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";

import { keys } from "../queries";
import { useClient } from "../session/context";
import type { Gone } from "./go";

export function returnPath(paymentId: string): string {
  return `/top-up/return?payment=${encodeURIComponent(paymentId)}`;
}

type Card = Gone & { go: "card" };

export interface Pay {
  /** Begins one payment, however often it is called while it does. */
  start: (begin: (client: Client) => Promise<Gone>) => void;
  busy: boolean;
  /** Why the last one could not begin. */
  error: unknown;
  /** To be paid in this page. */
  card: Card | null;
  /** It was made before: nothing new was begun. */
  already: string | null;
  /** Back to the form. */
  reset: () => void;
}

export function usePay(): Pay {
  const client = useClient();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [gone, setGone] = useState<Gone | null>(null);
  // A second click may come before the first one has been drawn.
  const running = useRef(false);

  const stop = useCallback(() => {
    running.current = false;
    setBusy(false);
  }, []);
  useBack(stop);

  const start = useCallback(
    async (begin: (client: Client) => Promise<Gone>) => {
      if (running.current) return;
      running.current = true;
      setBusy(true);
      setError(null);
      try {
        const next = await begin(client);
        void queries.invalidateQueries({ queryKey: keys.payments });
        // The page is left: it stays busy until then.
        if (next.go === "page") return window.location.assign(next.url);
        if (next.go === "look") void navigate(returnPath(next.paymentId));
        setGone(next);
      } catch (failure) {
        setError(failure);
      }
      stop();
    },
    [client, queries, navigate, stop],
  );

  return {
    start: (begin) => void start(begin),
    busy,
    error,
    card: gone?.go === "card" ? gone : null,
    already: gone?.go === "already" ? gone.paymentId : null,
    reset: () => {
      setGone(null);
      setError(null);
    },
  };
}

/** The browser's way back from the provider's page shows this one as it was left: busy. */
function useBack(onBack: () => void) {
  useEffect(() => {
    const shown = (event: PageTransitionEvent) => event.persisted && onBack();
    window.addEventListener("pageshow", shown);
    return () => window.removeEventListener("pageshow", shown);
  }, [onBack]);
}
