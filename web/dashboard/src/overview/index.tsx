import { useTranslation } from "../i18n/use-translation";
import { useBalance, useProviders } from "../queries";
import { Known } from "../ui/away";
import { Page } from "../ui/page";
import { Skeleton } from "../ui/skeleton";
import { Banners } from "./banners";
import { BalanceCard } from "./balance-card";
import { LimitsCard } from "./limits-card";
import { RecentCard, useRecent } from "./recent-card";

export default function Overview() {
  const { t } = useTranslation("overview");
  const balance = useBalance();
  // Asked for beside the balance, not after it.
  useRecent();
  useProviders();
  return (
    <Page title={t("title")}>
      {/* All at once: banners that came later would push the rest down. */}
      <Known query={balance} skeleton={<OverviewSkeleton />}>
        {(known) => (
          <div className="flex flex-col gap-5">
            <Banners known={known} />
            <BalanceCard known={known} />
            <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-2">
              <LimitsCard billing={known.billing} />
              <RecentCard />
            </div>
          </div>
        )}
      </Known>
    </Page>
  );
}

function OverviewSkeleton() {
  return (
    <div className="flex flex-col gap-5">
      <Skeleton className="h-[42rem] sm:h-[23rem]" />
      <div className="grid gap-5 xl:grid-cols-2">
        <Skeleton className="h-64" />
        <Skeleton className="h-[26rem]" />
      </div>
    </div>
  );
}
