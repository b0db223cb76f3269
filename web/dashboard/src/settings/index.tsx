import { useTranslation } from "../i18n/use-translation";
import { useSettings } from "../queries";
import { Known } from "../ui/away";
import { Page } from "../ui/page";
import { Skeleton } from "../ui/skeleton";
import { SettingsForm } from "./settings-form";

export default function Settings() {
  const { t } = useTranslation("settings");
  const settings = useSettings();
  return (
    <Page title={t("title")}>
      <Known query={settings} skeleton={<Skeleton className="h-[60rem]" />}>
        {({ settings: stored }) => <SettingsForm stored={stored} />}
      </Known>
    </Page>
  );
}
