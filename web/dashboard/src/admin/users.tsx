import { useState, type FormEvent } from "react";
import { Link, useSearchParams } from "react-router";
import { ACCOUNT_STATUSES, type Account, type AccountsPage } from "./api";
import { userLink } from "./links";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { StatusBadges } from "./parts/badges";
import { Pager } from "./parts/pager";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Select, TextField } from "../ui/field";
import { type Column, Table } from "./parts/table";
import { useAdmin } from "./use-admin";
import { useWords } from "./words";

const LIMIT = 50;
/** The gateway passes over no more; whom a search does not narrow down to is not found by turning pages. */
const OFFSET_MAX = 10_000;

/** Accounts of the tenant. What is asked for stands in the address, so that it can be sent and gone back to. */
export function UsersPage() {
  const { t } = useWords();
  const [params, setParams] = useSearchParams();
  const search = params.get("search") ?? "";
  const status = ACCOUNT_STATUSES.find((each) => each === params.get("status")) ?? "all";
  const offset = Math.min(OFFSET_MAX, Math.max(0, Math.trunc(Number(params.get("offset"))) || 0));
  const users = useAdmin<AccountsPage>("/api/admin/users", {
    limit: LIMIT,
    offset,
    search,
    status,
  });

  function ask(next: { search: string; status: string; offset?: number }) {
    const asked = new URLSearchParams();
    if (next.search) asked.set("search", next.search);
    if (next.status !== "all") asked.set("status", next.status);
    if (next.offset) asked.set("offset", String(next.offset));
    setParams(asked);
  }

  return (
    <AdminPage title={t("users.title")}>
      <Card>
        <div className="mb-4 flex flex-wrap items-start gap-x-4 gap-y-3">
          <Search search={search} onSearch={(typed) => ask({ search: typed, status })} />
          <div className="w-full sm:w-auto">
            <Select
              label={t("users.status")}
              value={status}
              onChange={({ target }) => ask({ search, status: target.value })}
            >
              {ACCOUNT_STATUSES.map((each) => (
                <option key={each} value={each}>
                  {t(`users.statuses.${each}`)}
                </option>
              ))}
            </Select>
          </div>
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
                more={page.pagination.next_before !== null && offset + LIMIT <= OFFSET_MAX}
                onTurn={(to) => ask({ search, status, offset: to })}
              />
            </>
          )}
        </Answer>
      </Card>
    </AdminPage>
  );
}

function Search({ search, onSearch }: { search: string; onSearch: (typed: string) => void }) {
  const { t } = useWords();
  const [typed, setTyped] = useState(search);
  const [asked, setAsked] = useState(search);
  // Gone back or forward to another search: the field follows, and keeps its focus.
  if (asked !== search) {
    setAsked(search);
    setTyped(search);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    onSearch(typed.trim());
  }

  return (
    <form
      role="search"
      className="flex min-w-0 flex-1 basis-full flex-col gap-2 sm:basis-80 sm:flex-row sm:items-start"
      onSubmit={submit}
    >
      <div className="min-w-0 flex-1">
        <TextField
          label={t("users.search")}
          hint={t("users.searchHint")}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          autoComplete="off"
        />
      </div>
      <Button type="submit" className="sm:mt-7.5">
        {t("users.find")}
      </Button>
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
    { head: t("users.available"), end: true, cell: (user) => usd(user.available_usd) },
    { head: t("users.month"), end: true, from: "md", cell: (user) => usd(user.usage.month_usd) },
    { head: t("users.spent"), end: true, from: "lg", cell: (user) => usd(user.total_spent_usd) },
    {
      head: t("users.requests"),
      end: true,
      from: "lg",
      cell: (user) => count(user.total_requests),
    },
    {
      head: t("users.last"),
      end: true,
      from: "md",
      cell: (user) => (user.last_request_at ? time(user.last_request_at) : t("common.never")),
    },
  ];
  if (users.length === 0) return <p className="text-ink-soft">{t("users.empty")}</p>;
  return (
    <Table
      caption={t("users.title")}
      columns={columns}
      rows={users}
      rowKey={(user) => user.user_id}
    />
  );
}
