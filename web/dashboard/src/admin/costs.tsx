import { addAmounts, type Decimal, percentOf } from "@billing/client";
import { Link } from "react-router";
import type { ToolCost, UserCost } from "./api";
import { Answer } from "./parts/answer";
import { Card } from "../ui/card";
import { type Column, Table } from "./parts/table";
import { useAdmin } from "./use-admin";
import { userLink } from "./links";
import { useWords } from "./words";

/** What was spent in the period, by tool and by whom. */
export function Costs({ days }: { days: number }) {
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
      <ToolCosts days={days} />
      <UserCosts days={days} />
    </div>
  );
}

function ToolCosts({ days }: { days: number }) {
  const { t, cents, count } = useWords();
  const costs = useAdmin<{ tools: ToolCost[] }>("/api/admin/stats/cost-breakdown", { days });
  return (
    <Card title={t("overview.tools")}>
      <Answer query={costs}>
        {({ tools }) => {
          const all = addAmounts(...tools.map((tool) => tool.spent_usd));
          const columns: Column<ToolCost>[] = [
            {
              head: t("overview.tool"),
              cell: (row) => (
                <>
                  {row.tool ?? t("overview.byAmount")}
                  <Share part={row.spent_usd} whole={all} />
                </>
              ),
            },
            {
              head: t("overview.requests"),
              end: true,
              cell: (row) => count(row.requests),
            },
            { head: t("overview.spent"), end: true, cell: (row) => cents(row.spent_usd) },
          ];
          if (tools.length === 0) return <p className="text-ink-soft">{t("overview.noTools")}</p>;
          return (
            <Table
              caption={t("overview.tools")}
              columns={columns}
              rows={tools}
              rowKey={(row) => row.tool ?? ""}
            />
          );
        }}
      </Answer>
    </Card>
  );
}

/** A thin bar under a name; the amounts beside it say the same. */
function Share({ part, whole }: { part: Decimal; whole: Decimal }) {
  return (
    <svg aria-hidden="true" width="100%" height="4" className="mt-1 block">
      <rect width="100%" height="4" rx="2" className="fill-sunken" />
      <rect width={`${percentOf(part, whole)}%`} height="4" rx="2" className="fill-accent" />
    </svg>
  );
}

function UserCosts({ days }: { days: number }) {
  const { t, cents, count } = useWords();
  const costs = useAdmin<{ users: UserCost[] }>("/api/admin/stats/users-costs", {
    days,
    limit: 10,
  });
  const columns: Column<UserCost>[] = [
    {
      head: t("overview.user"),
      cell: (row) => (
        <Link to={userLink(row.user_id)} className="text-accent underline">
          {row.user_id}
        </Link>
      ),
    },
    { head: t("overview.requests"), end: true, cell: (row) => count(row.requests) },
    { head: t("overview.spent"), end: true, cell: (row) => cents(row.spent_usd) },
  ];
  return (
    <Card title={t("overview.users")}>
      <Answer query={costs}>
        {({ users }) =>
          users.length === 0 ? (
            <p className="text-ink-soft">{t("overview.noUsers")}</p>
          ) : (
            <Table
              caption={t("overview.users")}
              columns={columns}
              rows={users}
              rowKey={(row) => row.user_id}
            />
          )
        }
      </Answer>
    </Card>
  );
}
