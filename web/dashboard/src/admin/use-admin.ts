import type { CallOptions } from "@billing/client";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys } from "../queries";
import { useClient } from "../session/context";

type Query = NonNullable<CallOptions["query"]>;

/** One of the administrators' routes. What was read before stays while it is read again. */
export function useAdmin<T>(path: string, query: Query = {}) {
  const { request } = useClient();
  return useQuery({
    queryKey: keys.admin(path, query),
    queryFn: ({ signal }) => request<T>("GET", path, { query, signal }),
    placeholderData: (before, previous) => (previous?.queryKey[1] === path ? before : undefined),
  });
}

interface Paged {
  pagination: { next_before: string | null };
}

/** One that goes on: newest first, and older ones on demand. */
export function useAdminPages<T extends Paged>(path: string, query: Query = {}) {
  const { request } = useClient();
  return useInfiniteQuery({
    queryKey: keys.admin(path, query, "pages"),
    queryFn: ({ pageParam, signal }) =>
      request<T>("GET", path, { query: { ...query, before: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.pagination.next_before,
  });
}

/** Reads again whatever this part shows: a change of one thing stands in several places. */
export function useReadAgain(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: keys.admin() });
}
