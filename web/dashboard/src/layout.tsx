import { Languages, LogOut, Menu, X } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";

import { setLanguage } from "./i18n";
import { useTranslation } from "./i18n/use-translation";
import { Nav } from "./nav";
import { useMe } from "./queries";
import { useConfig, useSession } from "./session/context";
import { ThemeChoice } from "./theme-choice";

/** Around every page: a column beside it on wide screens, a bar with a menu above it on others. */
export function Layout({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);

  return (
    <div className="lg:grid lg:min-h-dvh lg:grid-cols-[15rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only z-50 rounded-lg bg-surface px-4 py-3 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("nav.skip")}
      </a>
      <header
        className="border-b border-line bg-surface lg:sticky lg:top-0 lg:h-dvh lg:overflow-y-auto lg:border-r lg:border-b-0"
        onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
      >
        <div className="flex items-center justify-between gap-3 px-4 py-2 lg:px-5 lg:pt-6">
          <Brand />
          <button
            type="button"
            aria-expanded={open}
            aria-controls="menu"
            onClick={() => setOpen(!open)}
            className="flex min-h-11 items-center gap-2 rounded-lg px-3 hover:bg-sunken lg:hidden"
          >
            {open ? <X size={20} aria-hidden /> : <Menu size={20} aria-hidden />}
            {t("nav.menu")}
          </button>
        </div>
        <div
          id="menu"
          className={`${open ? "flex" : "hidden"} flex-col gap-6 px-3 pt-2 pb-4 lg:flex lg:min-h-[calc(100dvh-5rem)]`}
        >
          <Nav onGo={() => setOpen(false)} />
          <Choices />
        </div>
      </header>
      <main
        id="content"
        tabIndex={-1}
        className="mx-auto w-full max-w-5xl px-4 py-6 sm:px-8 sm:py-10"
      >
        {children}
      </main>
    </div>
  );
}

function Brand() {
  const { t } = useTranslation();
  const { tenant_name } = useConfig();
  return (
    <p className="min-w-0 truncate text-lg font-semibold tracking-tight">
      {tenant_name ?? t("product")}
    </p>
  );
}

const ROW = "flex min-h-11 w-full items-center gap-3 rounded-lg px-3 text-left hover:bg-sunken";

/** Language, colours and the way out, at the end of the column. */
function Choices() {
  const { t } = useTranslation();
  const session = useSession();
  const me = useMe();
  const other = t("language.code") === "uk" ? "uk" : "en";
  const who = me.data?.name ?? me.data?.email;
  return (
    <div className="flex flex-col gap-0.5 border-t border-line pt-4 text-[0.9375rem] lg:mt-auto">
      <ThemeChoice />
      <button type="button" lang={other} className={ROW} onClick={() => void setLanguage(other)}>
        <Languages size={18} aria-hidden />
        {t("language.switch")}
      </button>
      <button type="button" className={ROW} onClick={session.signOut}>
        <LogOut size={18} aria-hidden />
        {t("sign_out")}
      </button>
      <p className="min-h-6 truncate px-3 text-sm text-ink-soft">{who}</p>
    </div>
  );
}
