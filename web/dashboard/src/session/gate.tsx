import { Fragment, useSyncExternalStore } from "react";
import type { ReactNode } from "react";

import { useTranslation } from "../i18n/use-translation";
import { Button } from "../ui/button";
import { useConfig, useSession } from "./context";

/** Pages for whoever is signed in; the way to the login for everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const session = useSession();
  const state = useSyncExternalStore(session.subscribe, session.state);
  const owner = useSyncExternalStore(session.subscribe, session.owner);
  if (state !== "signed_in") return <SignIn state={state} />;
  // Another user begins anew.
  return <Fragment key={owner}>{children}</Fragment>;
}

function SignIn({ state }: { state: "signed_out" | "ended" | "left" }) {
  const { t } = useTranslation();
  const session = useSession();
  const { login_url } = useConfig();
  const leaving = useSyncExternalStore(session.subscribe, session.leaving);
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-3 px-6 py-12">
      <h1 className="text-2xl font-semibold tracking-tight">{t(`session.${state}_title`)}</h1>
      <p className="text-ink-soft">{t(`session.${state}_text`)}</p>
      <p role="status" className="text-ink-soft">
        {login_url ? leaving && t("session.leaving") : t("session.no_login")}
      </p>
      {login_url && (
        <p>
          <Button variant="primary" onClick={() => session.signIn(true)}>
            {t("session.sign_in")}
          </Button>
        </p>
      )}
    </main>
  );
}
