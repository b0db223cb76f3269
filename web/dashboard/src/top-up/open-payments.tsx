import { formatAge, type Payment, type Provider } from "@billing/client";
import { useQuery } from "@tanstack/react-query";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { providerName } from "../provider";
import { keys } from "../queries";
import { useClient } from "../session/context";
import { Button, LinkButton } from "../ui/button";
import { Card } from "../ui/card";
import { useMoney } from "../ui/money";
import { useNow } from "../ui/time";
import { findBegun } from "./attempt";
import { payOn } from "./go";
import { type Pay, returnPath } from "./use-pay";

const OPEN: readonly Payment["status"][] = ["created", "pending", "requires_action"];
/** No provider's page lives longer. */
const LIVES_MILLIS = 24 * 60 * 60 * 1000;

interface Props {
  providers: readonly Provider[];
  pay: Pay;
}

/** What was begun and neither paid nor ended. Absent where there is none, or it is not known. */
export function OpenPayments({ providers, pay }: Props) {
  const { t } = useTranslation("top-up");
  const client = useClient();
  const now = useNow();
  const { data } = useQuery({
    queryKey: keys.payments,
    queryFn: () => client.listPayments({ limit: 20 }),
  });
  const open = (data?.payments ?? []).filter(
    ({ status, created_at }) =>
      OPEN.includes(status) && now - Date.parse(created_at) < LIVES_MILLIS,
  );
  if (open.length === 0) return null;
  return (
    <Card title={t("open.title")}>
      <ul className="divide-y divide-line">
        {open.map((payment) => (
          <Item
            key={payment.payment_id}
            payment={payment}
            providers={providers}
            pay={pay}
            now={now}
          />
        ))}
      </ul>
    </Card>
  );
}

function Item({ payment, providers, pay, now }: Props & { payment: Payment; now: number }) {
  const { t } = useTranslation("top-up");
  const locale = useLocale();
  const money = useMoney();
  const attempt = findBegun(payment.payment_id);
  const provider = providers.find((known) => known.provider === payment.provider);
  const begun = t("open.item", {
    amount: money(payment.amount, payment.currency),
    name: providerName(payment.provider),
    when: formatAge(payment.created_at, now, locale),
  });
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0 flex-1 basis-60">
        <p className="figures">{begun}</p>
        {!attempt && <p className="text-sm text-ink-soft">{t("open.elsewhere")}</p>}
      </div>
      <div className="flex flex-wrap gap-2">
        <LinkButton variant="quiet" to={returnPath(payment.payment_id)}>
          {t("open.status")}
        </LinkButton>
        {attempt && provider && (
          <Button
            busy={pay.busy}
            onClick={() => pay.start((client) => payOn(client, provider, attempt))}
          >
            {t("open.continue")}
          </Button>
        )}
      </div>
    </li>
  );
}
