import type { ProvidersResponse } from "@billing/client";

import { useTranslation } from "../i18n/use-translation";
import { useBalance, useProviders } from "../queries";
import { Known } from "../ui/away";
import { Banner } from "../ui/banner";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Empty } from "../ui/empty";
import { Page } from "../ui/page";
import { Skeleton } from "../ui/skeleton";
import { CardForm } from "./card-form";
import { Cancelled } from "./cancelled";
import { Form } from "./form";
import { OpenPayments } from "./open-payments";
import { canPay } from "./provider";
import { usePay } from "./use-pay";

/** Adds money to the balance, by whatever provider the operator has. */
export default function TopUpPage() {
  const { t } = useTranslation("top-up");
  const providers = useProviders();
  return (
    <Page title={t("title")}>
      <div className="flex max-w-2xl flex-col gap-6">
        <Known query={providers} skeleton={<Skeleton className="h-96" />}>
          {(known) => <TopUp known={known} check={providers} />}
        </Known>
      </div>
    </Page>
  );
}

interface Check {
  isFetching: boolean;
  refetch: () => unknown;
}

function TopUp({ known, check }: { known: ProvidersResponse; check: Check }) {
  const { t } = useTranslation("top-up");
  const isSuspended = useBalance().data?.billing.suspended ?? false;
  const pay = usePay();
  const providers = known.providers.filter(canPay);
  if (providers.length === 0) {
    return <Empty title={t("none.title")}>{t("none.text")}</Empty>;
  }
  if (pay.card) {
    return <CardForm key={pay.card.paymentId} card={pay.card} providers={providers} pay={pay} />;
  }
  return (
    <>
      <Cancelled />
      {isSuspended && (
        <Banner tone="bad" title={t("suspended.title")}>
          {t("suspended.text")}
        </Banner>
      )}
      {known.payments_paused && <Paused reason={known.payments_paused_reason} check={check} />}
      <Card>
        <p className="mb-5 text-ink-soft">{t("lead")}</p>
        <Form providers={providers} pay={pay} isClosed={isSuspended || known.payments_paused} />
      </Card>
      <OpenPayments providers={providers} pay={pay} />
    </>
  );
}

function Paused({ reason, check }: { reason: string | null; check: Check }) {
  const { t } = useTranslation("top-up");
  const again = (
    <Button busy={check.isFetching} onClick={() => void check.refetch()}>
      {t("paused.check")}
    </Button>
  );
  return (
    <Banner tone="warn" title={t("paused.title")} action={again} role="status">
      {reason && <p className="mb-1">{reason}</p>}
      <p>{t("paused.text")}</p>
    </Banner>
  );
}
