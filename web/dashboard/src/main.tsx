import "./theme.css";

import { createClient, createSession, loadConfig } from "@billing/client";
import type { WebConfig } from "@billing/client";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import type { Root } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { App, preloadOverview, preloadPages } from "./app";
import { startI18n } from "./i18n";
import { NoConfig } from "./no-config";
import { createQueryClient, keys } from "./queries";
import { ServicesProvider } from "./session/context";

const { BASE_URL, VITE_API_URL, VITE_CONFIG_URL } = import.meta.env;
const CONFIG_URL: string = VITE_CONFIG_URL ?? `${BASE_URL}config.json`;

async function start(root: Root) {
  if (window.location.pathname === BASE_URL) preloadOverview();
  // Both at once: neither needs the other.
  const [config] = await Promise.all([loadConfig(CONFIG_URL).catch(() => null), startI18n()]);
  if (!config) return root.render(<NoConfig retry={() => void start(root)} />);
  show(root, { ...config, api_base: VITE_API_URL ?? config.api_base });
}

function show(root: Root, config: WebConfig) {
  const session = createSession(config);
  const client = createClient({
    base: config.api_base,
    tenant: config.tenant ?? undefined,
    token: session.token,
    onUnauthorized: session.end,
  });
  const queries = createQueryClient();
  let owner = session.owner();
  session.subscribe(() => {
    // Nobody sees what another user was shown.
    if (session.state() !== "signed_in" || session.owner() !== owner) queries.clear();
    owner = session.owner();
  });
  if (session.state() === "signed_out") session.signIn();
  // Every page needs it, for the zone alone: it need not wait for the page's code.
  else void queries.prefetchQuery({ queryKey: keys.balance, queryFn: client.getBalance });
  root.render(
    <ServicesProvider services={{ client, config, session }}>
      <QueryClientProvider client={queries}>
        <BrowserRouter basename={BASE_URL.replace(/\/$/, "")}>
          <App />
        </BrowserRouter>
      </QueryClientProvider>
    </ServicesProvider>,
  );
  if (session.state() === "signed_in") preloadPages();
}

const element = document.getElementById("root");
if (element) void start(createRoot(element));
