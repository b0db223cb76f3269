import { useEffect, useState, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "../ui/button";
import { useConfig, useSession } from "./context";

/** Pages for whoever is signed in; the way to the login for everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const session = useSession();
  const state = useSyncExternalStore(session.subscribe, session.state);
  return state === "signed_in" ? children : <SignIn state={state} />;
}

function SignIn({ state }: { state: "signed_out" | "ended" | "left" }) {
  const { t } = useTranslation();
  const session = useSession();
  const { login_url } = useConfig();
  const [asked, setAsked] = useState(false);

  useEffect(() => {
    // Whoever signed out is not taken back in; nor is who would go in a circle.
    if (state === "left" || session.signIn()) return;
    setAsked(true);
  }, [state, session]);

  const waits = login_url && !asked && state !== "left";
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-3 px-6 py-12">
      <h1 className="text-2xl font-semibold tracking-tight">{t(`session.${state}_title`)}</h1>
      <p className="text-ink-soft">{t(`session.${state}_text`)}</p>
      {waits && (
        <p role="status" className="text-ink-soft">
          {t("session.leaving")}
        </p>
      )}
      {!waits && login_url && (
        <p className="pt-3">
          <Button variant="primary" onClick={() => session.signIn(true)}>
            {t("session.sign_in")}
          </Button>
        </p>
      )}
      {!login_url && <p className="text-ink-soft">{t("session.no_login")}</p>}
    </main>
  );
}
