import type { Asked } from "./away";

/** Two answers that are shown as one: as old as the older, and asked again at once. */
export function together<A, B>(a: Asked<A>, b: Asked<B>): Asked<[A, B]> {
  return {
    data: a.data === undefined || b.data === undefined ? undefined : [a.data, b.data],
    error: a.error ?? b.error,
    dataUpdatedAt: Math.min(a.dataUpdatedAt, b.dataUpdatedAt),
    isFetching: a.isFetching || b.isFetching,
    refetch: () => [a.refetch(), b.refetch()],
  };
}
