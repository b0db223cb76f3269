import type { ReactNode } from "react";

import { useTranslation } from "../i18n/use-translation";

/** In the place of what is loading, as large as it, so that nothing moves. `className` sizes it. */
export function Skeleton({ className }: { className: string }) {
  return <div aria-hidden className={`rounded-lg bg-sunken ${className}`} />;
}

/** Says that something loads, to whoever does not see skeletons. */
export function Loading({ children }: { children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div aria-busy="true">
      <p role="status" className="sr-only">
        {t("loading")}
      </p>
      {children}
    </div>
  );
}
