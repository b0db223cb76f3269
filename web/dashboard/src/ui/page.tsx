import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { useLocation } from "react-router";

import { useTranslation } from "../i18n/use-translation";

interface PageProps {
  title: string;
  /** Beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page with its heading, which has the focus after a change of pages. */
export function Page({ title, actions, children }: PageProps) {
  const { t } = useTranslation();
  const { key } = useLocation();
  const first = useRef(key === "default");
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${title} · ${t("product")}`;
  }, [title, t]);
  useEffect(() => {
    if (first.current) return;
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);

  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <h1 ref={heading} tabIndex={-1} className="text-2xl font-semibold tracking-tight">
          {title}
        </h1>
        {actions}
      </div>
      {children}
    </div>
  );
}
