import { type Payment, toMicros } from "@billing/client";
import { CircleAlert, CircleCheck, Clock, type LucideIcon, ShieldQuestion } from "lucide-react";
import { type ReactNode, useState } from "react";

import { useTranslation } from "../i18n/use-translation";
import { providerName } from "../provider";
import { useProviders } from "../queries";
import { Banner } from "../ui/banner";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { useMoney } from "../ui/money";
import { Age, useNow } from "../ui/time";
import { LONG_MILLIS } from "./backoff";
import { CardForm } from "./card-form";
import { Credited } from "./credited";
import type { Looked } from "./look";
import { difference, hasEnded, type Outcome } from "./outcome";
import { usePay } from "./use-pay";
import { WaysOn } from "./ways-on";

const LOOKS: Record<Outcome, [LucideIcon, string]> = {
  waiting: [Clock, "text-accent"],
  booking: [Clock, "text-accent"],
  credited: [CircleCheck, "text-good"],
  action: [ShieldQuestion, "text-warn"],
  review: [ShieldQuestion, "text-warn"],
  declined: [CircleAlert, "text-bad"],
  failed: [CircleAlert, "text-bad"],
  canceled: [CircleAlert, "text-ink-soft"],
  expired: [CircleAlert, "text-ink-soft"],
};

interface Props {
  known: Looked;
  is: Outcome;
  query: { error: unknown; dataUpdatedAt: number; isFetching: boolean; refetch: () => unknown };
}

/** Where a payment stands, in words that are true at this moment, and the ways on from here. */
export function Standing({ known, is, query }: Props) {
  const { t } = useTranslation("top-up");
  const { payment } = known;
  const ordered = useMoney()(payment.amount, payment.currency);
  const words = { name: providerName(payment.provider), amount: ordered };
  const [Icon, colour] = LOOKS[is];
  const isLong = useIsLong();
  const pay = usePay();
  const providers = useProviders().data?.providers ?? [];
  if (pay.card) return <CardForm card={pay.card} providers={providers} pay={pay} />;
  return (
    <>
      {query.error !== null && <NotAnswering query={query} />}
      <Card>
        <div className="flex flex-col gap-4">
          <div role="status" className="flex flex-col gap-4">
            <Icon size={40} className={colour} aria-hidden />
            {is === "credited" && known.entry ? (
              <Credited payment={payment} entry={known.entry} />
            ) : (
              <>
                <h2 className="text-xl font-semibold">{t(`return.${is}.title`)}</h2>
                <p>{t(`return.${is}.text`, words)}</p>
              </>
            )}
            {is === "waiting" && (
              <p>{t(isLong ? "return.waiting_long" : "return.may_close", words)}</p>
            )}
            {is === "booking" && <p>{t("return.may_close")}</p>}
            {hasEnded(is) && <p className="text-ink-soft">{t("return.late", words)}</p>}
          </div>
          <Differences payment={payment} />
          <p className="text-sm text-ink-soft">
            {t("return.amount", words)}
            <br />
            {t("return.reference")}:{" "}
            <code className="font-mono break-all">{payment.payment_id}</code>
          </p>
          <WaysOn payment={payment} is={is} query={query} pay={pay} />
        </div>
      </Card>
    </>
  );
}

function useIsLong(): boolean {
  const [since] = useState(() => Date.now());
  return useNow() - since > LONG_MILLIS;
}

function NotAnswering({ query }: { query: Props["query"] }) {
  const { t } = useTranslation("top-up");
  return (
    <Banner
      tone="warn"
      role="status"
      action={
        <Button busy={query.isFetching} onClick={() => void query.refetch()}>
          {t("return.check_again")}
        </Button>
      }
    >
      {t("return.away")} <Age at={query.dataUpdatedAt} />
    </Banner>
  );
}

/** What came otherwise than ordered, and what was taken back since. */
function Differences({ payment }: { payment: Payment }) {
  const { t } = useTranslation("top-up");
  const money = useMoney();
  const of = (amount: string) => money(amount, payment.currency);
  const differs = difference(payment);
  const lines: ReactNode[] = [];
  if (differs && payment.received !== null) {
    const words = { received: of(payment.received), amount: of(payment.amount) };
    lines.push(t(`return.${differs}`, words));
  }
  for (const name of ["refunded", "disputed"] as const) {
    if (toMicros(payment[name]) > 0n)
      lines.push(t(`return.${name}`, { amount: of(payment[name]) }));
  }
  if (lines.length === 0) return null;
  return (
    <ul className="list-disc pl-5">
      {lines.map((line, index) => (
        <li key={index}>{line}</li>
      ))}
    </ul>
  );
}
