import type { PaymentStatus } from "../api";
import { useWords } from "../words";
import { Badge, type Tone } from "./badges";

const TONES: Record<PaymentStatus, Tone> = {
  created: "plain",
  pending: "plain",
  requires_action: "plain",
  succeeded: "good",
  failed: "bad",
  canceled: "plain",
  expired: "plain",
};

export function PaymentBadge({ status }: { status: PaymentStatus }) {
  const { t } = useWords();
  return <Badge tone={TONES[status]}>{t(`payments.statuses.${status}`)}</Badge>;
}
