import { useTranslation } from "./i18n/use-translation";
import { Button } from "./ui/button";

/** The first thing that is asked for does not come: nothing else can. */
export function NoConfig({ retry }: { retry: () => void }) {
  const { t } = useTranslation();
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-3 px-6 py-12">
      <h1 className="text-2xl font-semibold tracking-tight">{t("no_config.title")}</h1>
      <p className="text-ink-soft">{t("no_config.text")}</p>
      <p className="pt-3">
        <Button variant="primary" onClick={retry}>
          {t("retry")}
        </Button>
      </p>
    </main>
  );
}
