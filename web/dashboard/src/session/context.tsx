import type { Client, Session, WebConfig } from "@billing/client";
import { createContext, use } from "react";
import type { ReactNode } from "react";

/** Everything that a page reaches the service by; made once, in main.tsx. */
export interface Services {
  client: Client;
  config: WebConfig;
  session: Session;
}

const Context = createContext<Services | null>(null);

export function ServicesProvider(props: { services: Services; children: ReactNode }) {
  return <Context value={props.services}>{props.children}</Context>;
}

function useServices(): Services {
  const services = use(Context);
  if (!services) throw new Error("outside of ServicesProvider");
  return services;
}

export const useClient = () => useServices().client;
export const useConfig = () => useServices().config;
export const useSession = () => useServices().session;
