import type { Payment } from "@billing/client";

import { useTranslation } from "../i18n/use-translation";
import { providerName } from "../provider";
import { useProviders } from "../queries";
import { useConfig } from "../session/context";
import { Banner } from "../ui/banner";
import { Button, buttonClass, LinkButton } from "../ui/button";
import { findBegun } from "./attempt";
import { useFailure } from "./failure";
import { payOn } from "./go";
import { canContinue, hasEnded, type Outcome } from "./outcome";
import type { Pay } from "./use-pay";

interface Props {
  payment: Payment;
  is: Outcome;
  query: { isFetching: boolean; refetch: () => unknown };
  pay: Pay;
}

/** What the payer can do next; never nothing. */
export function WaysOn({ payment, is, query, pay }: Props) {
  const { t } = useTranslation("top-up");
  if (is === "credited" || is === "review") {
    return (
      <div className="flex flex-wrap gap-3">
        <LinkButton variant="primary" to="/">
          {t("return.overview")}
        </LinkButton>
        {is === "credited" && (
          <>
            <LinkButton to="/transactions?type=topup">{t("return.transaction")}</LinkButton>
            <LinkButton to="/top-up">{t("return.another")}</LinkButton>
          </>
        )}
        {is === "review" && <Support payment={payment} />}
      </div>
    );
  }
  return (
    <div className="flex flex-wrap gap-3">
      {canContinue(is) && <Continue payment={payment} pay={pay} />}
      {(canContinue(is) || hasEnded(is)) && (
        <LinkButton variant={hasEnded(is) ? "primary" : "secondary"} to="/top-up">
          {t("return.again")}
        </LinkButton>
      )}
      {!canContinue(is) && (
        <Button busy={query.isFetching} onClick={() => void query.refetch()}>
          {t("return.check_again")}
        </Button>
      )}
      <LinkButton variant="quiet" to="/">
        {t("return.overview")}
      </LinkButton>
    </div>
  );
}

/** The same payment once more: only the browser that began it can open it again. */
function Continue({ payment, pay }: Pick<Props, "payment" | "pay">) {
  const { t } = useTranslation("top-up");
  const { data } = useProviders();
  const failure = useFailure();
  const attempt = findBegun(payment.payment_id);
  const provider = data?.providers.find((known) => known.provider === payment.provider);
  if (!attempt || !provider) return null;
  return (
    <>
      {pay.error !== null && (
        <div className="basis-full">
          <Banner tone="bad" role="alert">
            {failure(pay.error, providerName(payment.provider))}
          </Banner>
        </div>
      )}
      <Button
        variant="primary"
        busy={pay.busy}
        onClick={() => pay.start((client) => payOn(client, provider, attempt))}
      >
        {t("return.continue")}
      </Button>
    </>
  );
}

function Support({ payment }: { payment: Payment }) {
  const { t } = useTranslation("top-up");
  const { support_email } = useConfig();
  if (!support_email) return null;
  const subject = encodeURIComponent(payment.payment_id);
  return (
    <a className={buttonClass("quiet")} href={`mailto:${support_email}?subject=${subject}`}>
      {t("return.support")}
    </a>
  );
}
