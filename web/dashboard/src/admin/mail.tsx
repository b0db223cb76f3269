import { Link } from "react-router";
import type { Mail, MailPage as Page } from "./api";
import { userLink } from "./links";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { Badge } from "./parts/badges";
import { Card } from "../ui/card";
import { Older } from "./parts/older";
import { type Column, Table } from "./parts/table";
import { useAdminPages } from "./use-admin";
import { useWords } from "./words";

/** Mail that was tried and has not left. */
export function MailPage() {
  const { t } = useWords();
  const mail = useAdminPages<Page>("/api/admin/mail", { limit: 50 });
  return (
    <AdminPage title={t("mail.title")}>
      <p className="text-ink-soft">{t("mail.intro")}</p>
      <Card>
        <Answer query={mail}>
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.mail);
            if (rows.length === 0) return <p className="text-ink-soft">{t("mail.empty")}</p>;
            return (
              <>
                <Undelivered mail={rows} />
                <Older pages={mail} />
              </>
            );
          }}
        </Answer>
      </Card>
    </AdminPage>
  );
}

function Undelivered({ mail }: { mail: Mail[] }) {
  const { t, count, time } = useWords();
  const columns: Column<Mail>[] = [
    {
      head: t("mail.kind"),
      cell: (each) => (
        <>
          {t(`mail.kinds.${each.kind}`, { defaultValue: each.kind })}
          <span className="block text-ink-soft">{each.last_error ?? t("common.unknown")}</span>
        </>
      ),
    },
    {
      head: t("mail.to"),
      cell: (each) => (
        <>
          {each.user_id !== null && (
            <Link to={userLink(each.user_id)} className="text-accent underline">
              {each.user_id}
            </Link>
          )}
          <span className="block text-ink-soft">{each.recipient_hint ?? t("users.noEmail")}</span>
        </>
      ),
    },
    { head: t("mail.attempts"), end: true, cell: (each) => count(each.attempts) },
    { head: t("mail.created"), end: true, from: "md", cell: (each) => time(each.created_at) },
    {
      head: t("mail.next"),
      end: true,
      cell: (each) =>
        each.next_attempt_at ? (
          time(each.next_attempt_at)
        ) : (
          <Badge tone="bad">{t("mail.givenUp")}</Badge>
        ),
    },
  ];
  return (
    <Table caption={t("mail.title")} columns={columns} rows={mail} rowKey={(each) => each.id} />
  );
}
