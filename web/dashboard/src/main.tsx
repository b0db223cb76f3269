import "./theme.css";

import { createClient, createSession, loadConfig } from "@billing/client";
import type { WebConfig } from "@billing/client";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import type { Root } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { App, preloadPages } from "./app";
import { createFetch } from "./early";
import { startI18n } from "./i18n";
import { NoConfig } from "./no-config";
import { createQueryClient, prefetchFirst } from "./queries";
import { ServicesProvider } from "./session/context";

const { BASE_URL, VITE_API_URL, VITE_CONFIG_URL } = import.meta.env;
const CONFIG_URL: string = VITE_CONFIG_URL ?? `${BASE_URL}config.json`;

/** Figures that come at once are drawn at once: to draw their places first would take longer. */
const AT_ONCE_MS = 100;

const send = createFetch();

async function start(root: Root) {
  // Both at once: neither needs the other.
  const [config] = await Promise.all([loadConfig(CONFIG_URL, send).catch(() => null), startI18n()]);
  if (!config) return root.render(<NoConfig retry={() => void start(root)} />);
  await show(root, { ...config, api_base: VITE_API_URL ?? config.api_base });
}

async function show(root: Root, config: WebConfig) {
  const session = createSession(config);
  const client = createClient({
    base: config.api_base,
    tenant: config.tenant ?? undefined,
    token: session.token,
    onUnauthorized: session.end,
    fetch: send,
  });
  const queries = createQueryClient();
  let owner = session.owner();
  session.subscribe(() => {
    // Nobody sees what another user was shown.
    if (session.state() !== "signed_in" || session.owner() !== owner) queries.clear();
    owner = session.owner();
  });
  if (session.state() === "signed_out") session.signIn();
  else await within(AT_ONCE_MS, prefetchFirst(queries, client, isOverview()));
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

function isOverview(): boolean {
  return window.location.pathname === BASE_URL;
}

/** Until it is done, and no longer than that. */
function within(ms: number, done: Promise<unknown>): Promise<unknown> {
  return Promise.race([done, new Promise((late) => setTimeout(late, ms))]);
}

const element = document.getElementById("root");
if (element) void start(createRoot(element));
