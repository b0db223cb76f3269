import { lazy, useSyncExternalStore } from "react";
import type { ComponentType } from "react";

import { loadWords } from "./i18n";

type PageModule = { default: ComponentType };

/** A page's code or its words did not come. */
export class LostPage extends Error {}

/** What failed stays failed until it is asked for anew: what is drawn twice is not asked for twice. */
const failed = new Set<() => void>();

export function renewFailedPages() {
  for (const renew of failed) renew();
  failed.clear();
}

/** A page's code and its words, asked for at once; also ahead of time, by `load`. */
export function lazyPage(code: () => Promise<PageModule>, ...namespaces: string[]) {
  const load = async () => {
    const [module] = await Promise.all([code(), loadWords(...namespaces)]);
    return module;
  };
  const begin = () =>
    lazy(() =>
      announced(load()).catch((cause: unknown) => {
        failed.add(() => {
          Loaded = begin();
        });
        throw new LostPage("a page could not be loaded", { cause });
      }),
    );
  let Loaded = begin();
  const Page = () => <Loaded />;
  return Object.assign(Page, { load });
}

/** A page that comes faster than this needs no word. */
const QUIET_MS = 150;
const listeners = new Set<() => void>();
let coming = 0;

async function announced<T>(page: Promise<T>): Promise<T> {
  const count = (by: number) => {
    coming += by;
    for (const listener of listeners) listener();
  };
  let isSaid = false;
  const timer = setTimeout(() => {
    isSaid = true;
    count(1);
  }, QUIET_MS);
  try {
    return await page;
  } finally {
    clearTimeout(timer);
    if (isSaid) count(-1);
  }
}

/** Whether a page is on its way, while the one before it is still shown. */
export function useIsPageComing(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => coming > 0,
  );
}
