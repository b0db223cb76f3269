import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { Page } from "../../ui/page";
import { ADMIN } from "../links";
import { useWords, ZONE } from "../words";

const PARTS = [
  ...["overview", "users", "payments", "prices", "messages", "mail"],
  ...["switches", "audit"],
] as const;

interface AdminPageProps {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page of this part, below the links to the others. */
export function AdminPage({ title, actions, children }: AdminPageProps) {
  const { t } = useWords();
  return (
    <>
      <nav aria-label={t("nav.label")} className="mb-6 border-b border-line">
        <ul className="-mx-3 flex flex-wrap">
          {PARTS.map((part) => (
            <li key={part}>
              <NavLink
                to={part === "overview" ? ADMIN : `${ADMIN}/${part}`}
                end={part === "overview"}
                className={({ isActive }) =>
                  "inline-flex min-h-11 items-center border-b-2 px-3 text-[0.9375rem] " +
                  (isActive
                    ? "border-accent font-medium text-ink"
                    : "border-transparent text-ink-soft hover:text-ink")
                }
              >
                {t(`nav.${part}`)}
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
      <Page title={title} actions={actions}>
        <p className="-mt-4 text-sm text-ink-soft">{t("common.zone", { zone: ZONE })}</p>
        {children}
      </Page>
    </>
  );
}
