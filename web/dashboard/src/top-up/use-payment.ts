import { dropDraft } from "@billing/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { keys } from "../queries";
import { useClient } from "../session/context";
import { findBegun, forget } from "./attempt";
import { pause } from "./backoff";
import { DRAFT } from "./form";
import { isUnknown, look } from "./look";
import { hasEnded, isOver, outcome } from "./outcome";

/** A payment whose payer came back, asked about until its end is known, ever more seldom. */
export function usePayment(paymentId: string, hinted: string | null) {
  const client = useClient();
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ["payment-looked", paymentId],
    queryFn: () => look(client, paymentId, findBegun(paymentId)?.provider),
    staleTime: 0,
    // It is asked again anyway.
    retry: false,
    refetchInterval: ({ state }) => {
      if (isUnknown(state.error)) return false;
      const known = state.data && outcome(state.data.payment, state.data.entry, hinted);
      if (known && isOver(known)) return false;
      return pause(state.dataUpdateCount + state.errorUpdateCount);
    },
  });
  const is = query.data && outcome(query.data.payment, query.data.entry, hinted);

  useEffect(() => {
    if (!is || !(isOver(is) || hasEnded(is))) return;
    // The same amount is another payment from now on.
    forget({ paymentId });
    if (!isOver(is)) return;
    dropDraft(DRAFT);
    for (const queryKey of [keys.balance, ["history"], keys.payments]) {
      void queries.invalidateQueries({ queryKey });
    }
  }, [is, paymentId, queries]);

  return { ...query, is };
}
