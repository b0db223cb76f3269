import { lazy, Suspense } from "react";
import type { ComponentType } from "react";
import { Route, Routes, useLocation } from "react-router";

import { loadWords } from "./i18n";
import { Layout } from "./layout";
import { NotFound } from "./not-found";
import { Outside } from "./outside";
import { SessionGate } from "./session/gate";
import { ErrorBoundary } from "./ui/error-boundary";
import { Loading, Skeleton } from "./ui/skeleton";

type PageModule = { default: ComponentType };

/** A page's code and its words, asked for at once. */
function page(load: () => Promise<PageModule>, ...namespaces: string[]) {
  return lazy(async () => {
    const [module] = await Promise.all([load(), loadWords(...namespaces)]);
    return module;
  });
}

const overview = () => import("./overview");
const Overview = page(overview, "overview");
const TopUp = page(() => import("./top-up"), "top-up");
const TopUpReturn = page(() => import("./top-up/return"), "top-up");
const Transactions = page(() => import("./transactions"), "transactions");
const Usage = page(() => import("./usage"), "usage");
const Holds = page(() => import("./holds"), "holds");
const Settings = page(() => import("./settings"), "settings");
const Admin = page(() => import("./admin"), "admin");

/** The first page that most people see, before it is known who they are. */
export function preloadOverview() {
  // What fails here fails again where somebody can be told.
  overview().catch(() => undefined);
}

export function App() {
  return (
    <SessionGate>
      <Layout>
        <Pages />
      </Layout>
    </SessionGate>
  );
}

function Pages() {
  const { pathname } = useLocation();
  return (
    <ErrorBoundary place={pathname}>
      <Suspense fallback={<PageSkeleton />}>
        <Routes>
          <Route index element={<Overview />} />
          <Route path="top-up" element={<TopUp />} />
          <Route path="top-up/return" element={<TopUpReturn />} />
          <Route path="transactions" element={<Transactions />} />
          <Route path="usage" element={<Usage />} />
          <Route path="holds" element={<Holds />} />
          <Route path="settings" element={<Settings />} />
          <Route path="admin/*" element={<Admin />} />
          <Route path="settings/contributions" element={<Outside />} />
          <Route path="support/*" element={<Outside />} />
          <Route path="supporters" element={<Outside />} />
          <Route path="*" element={<NotFound />} />
        </Routes>
      </Suspense>
    </ErrorBoundary>
  );
}

function PageSkeleton() {
  return (
    <Loading>
      <Skeleton className="h-9 w-48" />
      <Skeleton className="mt-6 h-64" />
    </Loading>
  );
}
