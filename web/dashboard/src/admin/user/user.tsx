import { useParams } from "react-router";
import { Empty } from "../../ui/empty";
import { LinkButton } from "../../ui/button";
import type { AccountAnswer } from "../api";
import { ADMIN, userPath } from "../links";
import { AdminPage } from "../parts/admin-page";
import { Answer } from "../parts/answer";
import { useAdmin } from "../use-admin";
import { useWords } from "../words";
import { Adjust } from "./adjust";
import { Balance } from "./balance";
import { Entries } from "./entries";
import { Holds } from "./holds";
import { Limits } from "./limits";
import { Payments } from "./payments";
import { Suspension } from "./suspension";
import { Trail } from "./trail";

/** All about one account, and what may be done with it. */
export function UserPage() {
  const { id = "" } = useParams();
  return <UserOf key={id} id={id} />;
}

function UserOf({ id }: { id: string }) {
  const account = useAdmin<AccountAnswer>(userPath(id));
  const suspension = account.data && !account.isError && <Suspension user={account.data.user} />;

  return (
    <AdminPage title={id} actions={suspension || undefined}>
      <Answer query={account} missing={<MissingUser id={id} />}>
        {(answer) => (
          <div className="grid grid-cols-1 gap-5">
            <Balance user={answer.user} />
            <div className="grid items-start grid-cols-1 gap-5 lg:grid-cols-2">
              <Adjust user={answer.user} readAt={account.dataUpdatedAt} />
              <Limits user={answer.user} />
            </div>
            <Payments user={answer.user} payments={answer.payments} />
            <Entries userId={id} entries={answer.recent_transactions} />
            <Holds holds={answer.holds} />
            <Trail userId={id} />
          </div>
        )}
      </Answer>
    </AdminPage>
  );
}

/** Where the overview is not there either, this part is not set up at all: `Answer` says so. */
function MissingUser({ id }: { id: string }) {
  const { t } = useWords();
  const overview = useAdmin<unknown>("/api/admin/stats/overview");
  return (
    <Answer query={overview}>
      {() => (
        <Empty
          title={t("user.missing", { id })}
          action={<LinkButton to={`${ADMIN}/users`}>{t("user.all")}</LinkButton>}
        />
      )}
    </Answer>
  );
}
