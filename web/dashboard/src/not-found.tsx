import { useTranslation } from "./i18n/use-translation";
import { LinkButton } from "./ui/button";
import { Page } from "./ui/page";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Page title={t("not_found.title")}>
      <p className="text-ink-soft">{t("not_found.text")}</p>
      <p>
        <LinkButton to="/">{t("not_found.back")}</LinkButton>
      </p>
    </Page>
  );
}
