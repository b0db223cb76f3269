import { dropDraft } from "@billing/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { keys } from "../queries";
import { useClient } from "../session/context";
import { findBegun, forget } from "./attempt";
import { FRESH_MILLIS, pause } from "./backoff";
import { DRAFT } from "./form";
import { isUnknown, look } from "./look";
import { hasEnded, outcome } from "./outcome";

/** A payment whose payer came back, asked about until its end is known, ever more seldom. */
export function usePayment(paymentId: string, redirect: string | null) {
  const client = useClient();
  const [since] = useState(() => Date.now());
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ["payment-looked", paymentId],
    queryFn: () => look(client, paymentId, findBegun(paymentId)?.provider),
    staleTime: 0,
    // It is asked again anyway.
    retry: false,
    refetchInterval: ({ state }) => {
      if (isUnknown(state.error)) return false;
      if (state.data?.entry) return false;
      return pause(state.dataUpdateCount + state.errorUpdateCount);
    },
  });
  const isFresh = query.dataUpdatedAt - since < FRESH_MILLIS;
  const is = query.data && outcome(query.data.payment, query.data.entry, { redirect, isFresh });

  useEffect(() => {
    if (is !== "credited" && !(is && hasEnded(is))) return;
    // The same amount is another payment from now on.
    forget({ paymentId });
    if (is !== "credited") return;
    dropDraft(DRAFT);
    for (const queryKey of [keys.balance, ["history"], keys.payments]) {
      void queries.invalidateQueries({ queryKey });
    }
  }, [is, paymentId, queries]);

  return { ...query, is };
}
