import { compareAmounts } from "@billing/client";
import type { BalanceResponse } from "@billing/client";
import type { ReactNode } from "react";

import { useTranslation } from "../i18n/use-translation";
import { useConfig } from "../session/context";
import { Banner } from "../ui/banner";
import { LinkButton } from "../ui/button";
import { useMoney } from "../ui/money";

/** Whatever keeps calls or payments from working, the worst first. */
export function Banners({ known }: { known: BalanceResponse }) {
  const { t } = useTranslation("overview");
  const money = useMoney();
  const { billing, payments_paused, payments_paused_reason } = known;
  const { support_email } = useConfig();
  const owes = compareAmounts(billing.debt_usd, "0") > 0;
  const topUp = !payments_paused && <TopUp />;

  if (!billing.billing_enabled) {
    return (
      <Banner tone="info" title={t("banner.disabled_title")}>
        {t("banner.disabled_text")}
      </Banner>
    );
  }
  return (
    <>
      {billing.suspended && (
        <Banner tone="bad" title={t("banner.suspended_title")}>
          {t("banner.suspended_text")}{" "}
          {support_email && (
            <a className="underline" href={`mailto:${support_email}`}>
              {t("banner.support", { email: support_email })}
            </a>
          )}
        </Banner>
      )}
      {payments_paused && (
        <Banner tone="info" title={t("banner.paused_title")}>
          {/* The operator's own words, where there are some. */}
          {payments_paused_reason ?? t("banner.paused_text")}
        </Banner>
      )}
      {owes && (
        <Banner
          tone="bad"
          title={t("banner.debt_title", { amount: money(billing.debt_usd) })}
          action={topUp}
        >
          {t("banner.debt_text")}
        </Banner>
      )}
      {!owes && billing.low_balance && <Low billing={billing} action={topUp} />}
    </>
  );
}

function Low({ billing, action }: Pick<BalanceResponse, "billing"> & { action: ReactNode }) {
  const { t } = useTranslation("overview");
  const which = compareAmounts(billing.available_usd, "0") > 0 ? "low" : "empty";
  return (
    <Banner tone="warn" title={t(`banner.${which}_title`)} action={action}>
      {t(`banner.${which}_text`)}
    </Banner>
  );
}

function TopUp() {
  const { t } = useTranslation("overview");
  return <LinkButton to="/top-up">{t("top_up")}</LinkButton>;
}
