import { ApiError, isAway, ownZone, Unreachable } from "@billing/client";
import type { Client, HistoryFilter } from "@billing/client";
import { QueryClient, useQuery } from "@tanstack/react-query";

import { useClient } from "./session/context";

/** One name for each thing that is asked for, so that a change makes the right ones stale. */
export const keys = {
  me: ["me"] as const,
  balance: ["balance"] as const,
  settings: ["settings"] as const,
  holds: ["holds"] as const,
  providers: ["providers"] as const,
  history: (filter: HistoryFilter & { limit?: number } = {}) => ["history", filter] as const,
  payments: ["payments"] as const,
  payment: (provider: string, id: string) => ["payment", provider, id] as const,
  usage: (...of: string[]) => ["usage", ...of] as const,
  pricing: ["pricing"] as const,
  admin: (...of: unknown[]) => ["admin", ...of] as const,
};

const RETRY_AWAY_MS = 15_000;
/** What is on the overview moves with every call, so it is asked again while the tab is seen. */
export const REFRESH_MS = 15_000;

/**
 * What is known stays while the service is away, and it is asked again by itself. A refusal (4xx)
 * stays a refusal. Nothing that changes anything is sent twice.
 */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // "online" would wait without a word where the browser thinks that there is no network.
        networkMode: "always",
        staleTime: 15_000,
        gcTime: 30 * 60_000,
        refetchOnWindowFocus: true,
        refetchOnReconnect: true,
        // Who waited once for nothing is told so before they wait again.
        retry: (failures, error) => failures < 1 && isAway(error) && !isLate(error),
        retryDelay: (_failures, error) =>
          1000 * Math.min(error instanceof ApiError ? (error.retryAfter ?? 1) : 1, 5),
        refetchInterval: (query) => (isAway(query.state.error) ? RETRY_AWAY_MS : false),
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}

function isLate(error: unknown): boolean {
  return error instanceof Unreachable && error.isLate;
}

/** The latest transactions, as the overview shows them. */
export const RECENT = { limit: 5 };

/** What every page needs, and the overview; public/early.js has asked for the same before. Never fails. */
export function prefetchFirst(queries: QueryClient, client: Client, isOverview: boolean) {
  const first = [
    queries.prefetchQuery({ queryKey: keys.me, queryFn: client.getMe, staleTime: Infinity }),
    queries.prefetchQuery({ queryKey: keys.balance, queryFn: client.getBalance }),
  ];
  const ofOverview = () => [
    queries.prefetchQuery({
      queryKey: keys.history(RECENT),
      queryFn: () => client.getHistory(RECENT),
    }),
    queries.prefetchQuery({ queryKey: keys.providers, queryFn: client.getProviders }),
  ];
  return Promise.all(isOverview ? [...first, ...ofOverview()] : first);
}

export function useMe() {
  const client = useClient();
  return useQuery({ queryKey: keys.me, queryFn: client.getMe, staleTime: Infinity });
}

/** Where its figures are shown: they stay true while somebody looks. */
export function useBalance() {
  const client = useClient();
  return useQuery({
    queryKey: keys.balance,
    queryFn: client.getBalance,
    refetchInterval: REFRESH_MS,
  });
}

export function useSettings() {
  const client = useClient();
  return useQuery({ queryKey: keys.settings, queryFn: client.getSettings });
}

export function useProviders() {
  const client = useClient();
  return useQuery({
    queryKey: keys.providers,
    queryFn: client.getProviders,
    staleTime: 60_000,
  });
}

/** The zone of the account, whose days and months count; the browser's until it is known. */
export function useZone(): string {
  const client = useClient();
  const balance = useQuery({ queryKey: keys.balance, queryFn: client.getBalance });
  return balance.data?.billing.time_zone ?? ownZone();
}

/** Whether the zone is final: the account's, or the browser's where the account's cannot be had. */
export function useZoneIsFinal(): boolean {
  const client = useClient();
  return !useQuery({ queryKey: keys.balance, queryFn: client.getBalance }).isPending;
}
