import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useClient } from "../session/context";
import { Banner } from "../ui/banner";
import { LinkButton } from "../ui/button";
import { findBegun } from "./attempt";
import { look } from "./look";
import { returnPath } from "./use-pay";

/** The payer came back from the provider's page without having paid, as the provider has it. */
export function Cancelled() {
  const [params] = useSearchParams();
  const paymentId = params.get("cancelled");
  return paymentId ? <Left paymentId={paymentId} /> : null;
}

function Left({ paymentId }: { paymentId: string }) {
  const { t } = useTranslation("top-up");
  const client = useClient();
  const { data } = useQuery({
    queryKey: ["payment-looked", paymentId],
    queryFn: () => look(client, paymentId, findBegun(paymentId)?.provider),
  });
  const isPaid = data?.payment.status === "succeeded";
  return (
    <Banner
      tone={isPaid ? "good" : "info"}
      role="status"
      title={t("cancelled.title")}
      action={<LinkButton to={returnPath(paymentId)}>{t("open.status")}</LinkButton>}
    >
      {t(isPaid ? "cancelled.paid" : "cancelled.text")}
    </Banner>
  );
}
