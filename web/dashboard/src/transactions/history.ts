import { type HistoryResponse, isAway, type Transaction } from "@billing/client";
import {
  type InfiniteData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo } from "react";

import { keys } from "../queries";
import { useClient } from "../session/context";
import { asked, type Filters } from "./filters";

const PAGE_ROWS = 200;
/** While nothing is there and the service is away. */
const RETRY_MILLIS = 15_000;
const NEWER_ASKED_MILLIS = 30_000;

function rowsOf(data: InfiniteData<HistoryResponse> | undefined): Transaction[] {
  return data?.pages.flatMap((page) => page.transactions) ?? [];
}

/**
 * The history as far as it was loaded. `before` keeps the pages apart from each other however many
 * rows arrive meanwhile, so nothing is loaded twice, and nothing is loaded again by itself.
 */
export function useHistory(filters: Filters) {
  const client = useClient();
  const queries = useQueryClient();
  const queryKey = ["transactions", filters];
  const history = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) =>
      client.getHistory({ ...asked(filters), limit: PAGE_ROWS, before: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.pagination.next_before ?? undefined,
    // Loading again would load every page again; whoever comes back to the page sees it anew.
    staleTime: Infinity,
    gcTime: 0,
    refetchInterval: ({ state }) => (!state.data && isAway(state.error) ? RETRY_MILLIS : false),
    // It would compare all rows with each other whenever some come.
    structuralSharing: false,
  });
  const rows = useMemo(() => rowsOf(history.data), [history.data]);
  return { ...history, rows, startAnew: () => queries.resetQueries({ queryKey }) };
}

/** Whether something has been booked since the first page was loaded. */
export function useNewer(
  filters: Filters,
  rows: readonly Transaction[],
  isLoaded: boolean,
): boolean {
  const client = useClient();
  const newest = useQuery({
    queryKey: keys.history({ ...asked(filters), limit: 1 }),
    queryFn: () => client.getHistory({ ...asked(filters), limit: 1 }),
    enabled: isLoaded,
    refetchInterval: NEWER_ASKED_MILLIS,
    gcTime: 0,
  });
  const id = newest.data?.transactions[0]?.id;
  return isLoaded && id !== undefined && numberOf(id) > numberOf(rows[0]?.id);
}

/** An entry's number in its account's history: the later, the higher. */
function numberOf(id: string | undefined): number {
  return Number(id?.split("-").at(-1) ?? 0);
}
