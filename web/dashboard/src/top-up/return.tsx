import { useSearchParams } from "react-router";

import { useTranslation } from "../i18n/use-translation";
import { Away } from "../ui/away";
import { LinkButton } from "../ui/button";
import { Card } from "../ui/card";
import { Empty } from "../ui/empty";
import { Page } from "../ui/page";
import { Loading, Skeleton } from "../ui/skeleton";
import { isUnknown } from "./look";
import { Standing } from "./standing";
import { usePayment } from "./use-payment";

/**
 * Where every provider sends its payers back, and where a payment's state is looked up later. That the
 * browser came back says nothing of the payment: only the service does.
 */
export default function ReturnPage() {
  const { t } = useTranslation("top-up");
  const [params] = useSearchParams();
  const paymentId = params.get("payment") ?? params.get("payment_id");
  return (
    <Page title={t("return.title")}>
      <div className="flex max-w-2xl flex-col gap-6">
        {paymentId ? (
          <Returned paymentId={paymentId} redirect={params.get("redirect_status")} />
        ) : (
          <Unknown />
        )}
      </div>
    </Page>
  );
}

function Returned({ paymentId, redirect }: { paymentId: string; redirect: string | null }) {
  const { t } = useTranslation("top-up");
  const payment = usePayment(paymentId, redirect);
  if (isUnknown(payment.error)) return <Unknown />;
  if (payment.data && payment.is) {
    return <Standing known={payment.data} is={payment.is} query={payment} />;
  }
  if (payment.error) return <Away query={payment} />;
  return (
    <Loading>
      <Card>
        <p aria-hidden="true" className="text-ink-soft">
          {t("return.checking")}
        </p>
        <Skeleton className="mt-4 h-40" />
      </Card>
    </Loading>
  );
}

function Unknown() {
  const { t } = useTranslation("top-up");
  return (
    <Card>
      <Empty
        title={t("return.unknown.title")}
        action={<LinkButton to="/top-up">{t("title")}</LinkButton>}
      >
        {t("return.unknown.text")}
      </Empty>
    </Card>
  );
}
