import { Card } from "../../ui/card";
import type { ChangesPage } from "../api";
import { ChangeList } from "../change-list";
import { userPath } from "../links";
import { Answer } from "../parts/answer";
import { Older } from "../parts/older";
import { useAdminPages } from "../use-admin";
import { useWords } from "../words";

/** What was changed of one account, by whom and why. */
export function Trail({ userId }: { userId: string }) {
  const { t } = useWords();
  const trail = useAdminPages<ChangesPage>(userPath(userId, "/changes"), { limit: 20 });
  return (
    <Card title={t("user.trail")}>
      <Answer query={trail}>
        {({ pages }) => {
          const changes = pages.flatMap((page) => page.changes);
          if (changes.length === 0) return <p className="text-ink-soft">{t("user.noTrail")}</p>;
          return (
            <>
              <ChangeList changes={changes} withUser={false} />
              <Older pages={trail} />
            </>
          );
        }}
      </Answer>
    </Card>
  );
}
