import { Card } from "../../ui/card";
import { Money } from "../../ui/money";
import type { AccountInFull } from "../api";
import { isZero } from "../exact";
import { Badge, isUnopened, StatusBadges } from "../parts/badges";
import { Fact, Facts } from "../parts/facts";
import { useWords } from "../words";

export function Balance({ user }: { user: AccountInFull }) {
  const { t, usd, count, time } = useWords();
  const known = user.email ?? t("users.noEmail");
  const isPlain = !user.suspended && user.billing_enabled && isZero(user.debt_usd);
  const isActive = isPlain && !isUnopened(user);
  return (
    <Card>
      <div className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-2">
        <div>
          <p className="text-sm text-ink-soft">{t("user.available")}</p>
          <p className="text-3xl font-semibold tracking-tight">
            <Money amount={user.available_usd} exact />
          </p>
        </div>
        <div className="text-sm text-ink-soft sm:text-right">
          <p className="wrap-anywhere">{known}</p>
          {user.created_at && <p>{t("user.since", { time: time(user.created_at, "day") })}</p>}
          <StatusBadges account={user} />
          {isActive && <Badge tone="good">{t("badge.active")}</Badge>}
        </div>
      </div>
      <Facts>
        <Fact name={t("user.settled")}>{usd(user.balance_usd)}</Fact>
        <Fact name={t("user.held")}>{usd(user.held_usd)}</Fact>
        <Fact name={t("user.debt")}>{usd(user.debt_usd)}</Fact>
        <Fact name={t("user.spent")}>{usd(user.total_spent_usd)}</Fact>
        <Fact name={t("user.requests")}>{count(user.total_requests)}</Fact>
        <Fact name={t("user.last")}>
          {user.last_request_at ? time(user.last_request_at, "minute") : t("common.never")}
        </Fact>
        <Fact name={t("user.zone")}>{user.time_zone}</Fact>
        <Fact name={t("user.lowBalance")}>
          {user.low_balance_threshold_usd ? usd(user.low_balance_threshold_usd) : t("common.never")}
        </Fact>
      </Facts>
    </Card>
  );
}
