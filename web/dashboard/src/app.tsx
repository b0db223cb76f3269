import { Suspense } from "react";
import { Route, Routes, useLocation } from "react-router";

import { Layout } from "./layout";
import { lazyPage } from "./lazy-page";
import { NotFound } from "./not-found";
import { Outside } from "./outside";
import Overview from "./overview";
import { SessionGate } from "./session/gate";
import { Coming } from "./ui/coming";
import { ErrorBoundary } from "./ui/error-boundary";
import { Loading, Skeleton } from "./ui/skeleton";

// The overview, which most people see first, is here already, with its words: nothing else is to be waited for.
const TopUp = lazyPage(() => import("./top-up"), "top-up");
const TopUpReturn = lazyPage(() => import("./top-up/return"), "top-up");
const Transactions = lazyPage(() => import("./transactions"), "transactions");
const Usage = lazyPage(() => import("./usage"), "usage");
const Holds = lazyPage(() => import("./holds"), "holds");
const Settings = lazyPage(() => import("./settings"), "settings");
const Admin = lazyPage(() => import("./admin"), "admin");

const IDLE_MS = 2_000;

/** Once the first page is there and nothing else is to be done; not the administrators' part. */
export function preloadPages() {
  const all = [TopUp, Transactions, Usage, Holds, Settings, TopUpReturn];
  const begin = async () => {
    for (const page of all) await page.load();
  };
  // Where one does not come, the others would not either; it is asked for again where it is opened.
  const start = () => void begin().catch(() => undefined);
  setTimeout(
    () => ("requestIdleCallback" in window ? requestIdleCallback(start) : start()),
    IDLE_MS,
  );
}

export function App() {
  return (
    <SessionGate>
      <Coming />
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
