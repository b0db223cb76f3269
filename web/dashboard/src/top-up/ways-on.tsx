import type { Payment } from "@billing/client";
import { useTranslation } from "react-i18next";

import { useProviders } from "../queries";
import { Banner } from "../ui/banner";
import { Button, LinkButton } from "../ui/button";
import { findBegun } from "./attempt";
import { useFailure } from "./failure";
import { payOn } from "./go";
import { canContinue, hasEnded, type Outcome } from "./outcome";
import { providerName } from "./provider";
import { CardForm } from "./card-form";
import { usePay } from "./use-pay";

interface Props {
  payment: Payment;
  is: Outcome;
  query: { isFetching: boolean; refetch: () => unknown };
}

/** What the payer can do next; never nothing. */
export function WaysOn({ payment, is, query }: Props) {
  const { t } = useTranslation("top-up");
  if (is === "credited" || is === "review") {
    return (
      <div className="flex flex-wrap gap-3">
        <LinkButton variant="primary" to="/">
          {t("return.overview")}
        </LinkButton>
        <LinkButton to="/transactions?type=topup">{t("return.transaction")}</LinkButton>
        {is === "credited" && <LinkButton to="/top-up">{t("return.another")}</LinkButton>}
      </div>
    );
  }
  return (
    <div className="flex flex-wrap gap-3">
      {canContinue(is) && <Continue payment={payment} />}
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
function Continue({ payment }: { payment: Payment }) {
  const { t } = useTranslation("top-up");
  const providers = useProviders().data?.providers ?? [];
  const pay = usePay();
  const failure = useFailure();
  const attempt = findBegun(payment.payment_id);
  const provider = providers.find((known) => known.provider === payment.provider);
  if (!attempt || !provider) return null;
  if (pay.card) {
    return (
      <div className="basis-full">
        <CardForm key={pay.card.paymentId} card={pay.card} providers={providers} pay={pay} />
      </div>
    );
  }
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
