import { compareAmounts, formatTime, zoneName } from "@billing/client";
import type { Billing } from "@billing/client";
import { Link } from "react-router";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { Card } from "../ui/card";
import { LimitBar } from "../ui/limit-bar";
import { useMoney } from "../ui/money";

export function LimitsCard({ billing }: { billing: Billing }) {
  const { t } = useTranslation("overview");
  const { limits, usage, limits_reset, time_zone } = billing;
  return (
    <Card
      title={t("limits.title")}
      actions={
        <Link
          to="/settings"
          className="-my-2 flex min-h-11 items-center text-accent underline-offset-2 hover:underline"
        >
          {t("limits.change")}
        </Link>
      }
    >
      <div className="flex flex-col gap-6">
        <Limit
          period="day"
          used={usage.today_usd}
          limit={limits.daily_usd}
          resetsAt={limits_reset.daily_at}
          zone={time_zone}
        />
        <Limit
          period="month"
          used={usage.month_usd}
          limit={limits.monthly_usd}
          resetsAt={limits_reset.monthly_at}
          zone={time_zone}
        />
      </div>
    </Card>
  );
}

interface LimitProps {
  period: "day" | "month";
  used: string;
  limit: string | null;
  resetsAt: string;
  zone: string;
}

function Limit({ period, used, limit, resetsAt, zone }: LimitProps) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const money = useMoney();
  const reached = limit !== null && compareAmounts(used, limit) >= 0;
  const amounts = limit
    ? t("limits.used", { used: money(used), limit: money(limit) })
    : t("limits.none", { used: money(used) });
  return (
    <div>
      <p className="mb-2 flex flex-wrap justify-between gap-x-3">
        <span className="font-medium">{t(`limits.${period}`)}</span>
        <span className="figures">{amounts}</span>
      </p>
      {limit && <LimitBar label={t(`limits.bar_${period}`)} used={used} limit={limit} />}
      {reached && <p className="mt-2 text-sm text-bad">{t("limits.reached")}</p>}
      <p className="mt-2 text-sm text-ink-soft">
        {t("limits.resets", {
          at: formatTime(resetsAt, locale, zone, "short"),
          zone: zoneName(zone, locale),
        })}
      </p>
    </div>
  );
}
