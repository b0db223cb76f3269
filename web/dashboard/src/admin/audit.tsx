import type { ChangesPage } from "./api";
import { ChangeList } from "./change-list";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { Older } from "./parts/older";
import { Card } from "../ui/card";
import { useAdminPages } from "./use-admin";
import { useWords } from "./words";

export function AuditPage() {
  const { t } = useWords();
  const audit = useAdminPages<ChangesPage>("/api/admin/audit", { limit: 50 });
  return (
    <AdminPage title={t("audit.title")}>
      <p className="text-ink-soft">{t("audit.intro")}</p>
      <Card>
        <Answer query={audit}>
          {({ pages }) => {
            const changes = pages.flatMap((page) => page.changes);
            if (changes.length === 0) return <p className="text-ink-soft">{t("audit.empty")}</p>;
            return (
              <>
                <ChangeList changes={changes} withUser />
                <Older pages={audit} />
              </>
            );
          }}
        </Answer>
      </Card>
    </AdminPage>
  );
}
