import { useTranslation } from "react-i18next";

import { Page } from "../ui/page";

export default function Placeholder() {
  const { t } = useTranslation();
  return <Page title={t("nav.admin")}>{null}</Page>;
}
