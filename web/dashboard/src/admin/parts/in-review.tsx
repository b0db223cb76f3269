import { useWords } from "../words";
import { Badge } from "./badges";

/** That somebody is to look at a payment, and why, where it is known. */
export function InReview({ of }: { of: { needs_review: boolean; review_reason: string | null } }) {
  const { t } = useWords();
  if (!of.needs_review) return null;
  return (
    <span className="mt-1 block">
      <Badge tone="warn">{t("payments.review")}</Badge>{" "}
      {of.review_reason ?? t("payments.reviewUnknown")}
    </span>
  );
}
