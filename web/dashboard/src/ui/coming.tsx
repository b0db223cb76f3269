import { useTranslation } from "../i18n/use-translation";
import { useIsPageComing } from "../lazy-page";

/** A line along the upper edge while the next page is on its way. */
export function Coming() {
  const { t } = useTranslation();
  const isComing = useIsPageComing();
  return (
    <div role="status">
      {isComing && (
        <div className="fixed inset-x-0 top-0 z-50 h-1 bg-accent motion-safe:animate-pulse">
          <span className="sr-only">{t("loading")}</span>
        </div>
      )}
    </div>
  );
}
