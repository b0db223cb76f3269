import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";

import { useTranslation } from "../i18n/use-translation";
import { REFRESH_MS } from "../queries";
import { useClient } from "../session/context";
import { Banner } from "../ui/banner";
import { LinkButton } from "../ui/button";
import { findBegun } from "./attempt";
import { look, type Looked } from "./look";
import { hasEnded, outcome } from "./outcome";
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
    // What happened there may be reported a moment later.
    refetchInterval: REFRESH_MS,
  });
  const isPaid = data?.payment.status === "succeeded";
  const [title, text] = isPaid ? ["cancelled.title", "cancelled.paid"] : wordsOf(data);
  return (
    <Banner
      tone={isPaid ? "good" : "info"}
      role="status"
      title={t(title)}
      action={<LinkButton to={returnPath(paymentId)}>{t("open.status")}</LinkButton>}
    >
      {t(text)}
    </Banner>
  );
}

function wordsOf(known: Looked | undefined): [title: string, text: string] {
  const is = known && outcome(known.payment, known.entry, { redirect: null, isFresh: false });
  if (is === "declined") return ["return.declined.title", "cancelled.declined"];
  if (is && hasEnded(is)) return [`return.${is}.title`, `return.${is}.text`];
  return ["cancelled.title", "cancelled.text"];
}
