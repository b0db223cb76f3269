import { useState, type FormEvent } from "react";
import { Link, useSearchParams } from "react-router";
import { ACCOUNT_STATUSES, type Account, type AccountsPage } from "./api";
import { userLink } from "./links";
import { Answer } from "./parts/answer";
import { StatusBadges } from "./parts/badges";
import { Choice } from "./parts/choice";
import { Pager } from "./parts/pager";
import { Card } from "../ui/card";
import { type Column, Table } from "./parts/table";
import { useAdmin } from "./use-admin";
import { useWords } from "./words";

const LIMIT = 50;

/** Accounts of the tenant. What is asked for stands in the address, so that it can be sent and gone back to. */
export function UsersPage() {
  const { t } = useWords();
  const [params, setParams] = useSearchParams();
  const search = params.get("search") ?? "";
  const status = ACCOUNT_STATUSES.find((each) => each === params.get("status")) ?? "all";
  const offset = Math.max(0, Math.trunc(Number(params.get("offset") ?? 0)) || 0);
  const users = useAdmin<AccountsPage>("/api/admin/users", { limit: LIMIT, offset, search, status });

  function ask(next: { search: string; status: string; offset?: number }) {
    const asked = Object.entries({ ...next, status: next.status === "all" ? "" : next.status });
    setParams(asked.filter(([, value]) => value).map(([name, value]) => [name, String(value)]));
  }

  return (
    <Card title={t("users.title")}>
      <div className="mb-4 flex flex-wrap items-end gap-3">
        <Search key={search} search={search} onSearch={(typed) => ask({ search: typed, status })} />
        <Choice
          label={t("users.status")}
          value={status}
          options={ACCOUNT_STATUSES.map((each) => [each, t(`users.statuses.${each}`)])}
          onChange={(chosen) => ask({ search, status: chosen })}
        />
      </div>
      <Answer query={users}>
        {(page) => (
          <>
            <Found users={page.users} />
            <Pager
              label={t("users.pages")}
              offset={offset}
              count={page.users.length}
              limit={LIMIT}
              more={page.pagination.next_before !== null}
              onTurn={(to) => ask({ search, status, offset: to })}
            />
          </>
        )}
      </Answer>
    </Card>
  );
}

function Search({ search, onSearch }: { search: string; onSearch: (typed: string) => void }) {
  const { t } = useWords();
  const [typed, setTyped] = useState(search);

  function submit(event: FormEvent) {
    event.preventDefault();
    onSearch(typed.trim());
  }

  return (
    <form role="search" className="flex min-w-0 flex-1 items-end gap-2" onSubmit={submit}>
      <TextField
        label={t("users.search")}
        hint={t("users.searchHint")}
        value={typed}
        onChange={setTyped}
        autoComplete="off"
      />
      <Button type="submit">{t("users.find")}</Button>
    </form>
  );
}

function Found({ users }: { users: Account[] }) {
  const { t, usd, count, time } = useWords();
  const columns: Column<Account>[] = [
    {
      head: t("users.user"),
      cell: (user) => (
        <>
          <Link to={userLink(user.user_id)} className="font-medium text-accent underline">
            {user.user_id}
          </Link>
          <span className="block text-ink-soft">{user.email ?? t("users.noEmail")}</span>
          <StatusBadges account={user} />
        </>
      ),
    },
    { head: t("users.balance"), end: true, cell: (user) => usd(user.balance_usd) },
    { head: t("users.available"), end: true, from: "sm", cell: (user) => usd(user.available_usd) },
    { head: t("users.month"), end: true, from: "md", cell: (user) => usd(user.usage.month_usd) },
    { head: t("users.spent"), end: true, from: "lg", cell: (user) => usd(user.total_spent_usd) },
    { head: t("users.requests"), end: true, from: "lg", cell: (user) => count(user.total_requests) },
    {
      head: t("users.last"),
      end: true,
      from: "md",
      cell: (user) => (user.last_request_at ? time(user.last_request_at) : t("common.never")),
    },
  ];
  if (users.length === 0) return <p className="text-ink-soft">{t("users.empty")}</p>;
  return <Table caption={t("users.title")} columns={columns} rows={users} rowKey={(user) => user.user_id} />;
}
