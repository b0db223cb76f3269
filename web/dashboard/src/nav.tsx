import {
  ChartColumn,
  Hourglass,
  LayoutDashboard,
  Plus,
  Receipt,
  Settings,
  ShieldCheck,
} from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { NavLink } from "react-router";

import { useTranslation } from "./i18n/use-translation";
import { useMe } from "./queries";

const PAGES: [string, string, LucideIcon][] = [
  ["/", "nav.overview", LayoutDashboard],
  ["/top-up", "nav.top_up", Plus],
  ["/transactions", "nav.transactions", Receipt],
  ["/usage", "nav.usage", ChartColumn],
  ["/holds", "nav.holds", Hourglass],
  ["/settings", "nav.settings", Settings],
];

/** The administrator's part is last, so that nothing moves when it turns out to be theirs. */
const ADMIN: (typeof PAGES)[number] = ["/admin", "nav.admin", ShieldCheck];

export function Nav({ onGo }: { onGo: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const pages = me.data?.is_admin ? [...PAGES, ADMIN] : PAGES;
  return (
    <nav aria-label={t("nav.label")}>
      <ul className="flex flex-col gap-0.5">
        {pages.map(([to, label, Icon]) => (
          <li key={to}>
            <NavLink
              to={to}
              end={to === "/"}
              onClick={onGo}
              className={({ isActive }) =>
                "flex min-h-11 items-center gap-3 rounded-lg px-3 " +
                (isActive ? "bg-accent-soft font-medium text-ink" : "text-ink-soft hover:bg-sunken")
              }
            >
              <Icon size={18} aria-hidden />
              {t(label)}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
