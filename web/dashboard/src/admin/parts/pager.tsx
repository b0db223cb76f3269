import { Button } from "../../ui/button";
import { useWords } from "../words";

interface PagerProps {
  label: string;
  offset: number;
  /** Rows on this page. */
  count: number;
  limit: number;
  /** Whether there is a page after this one. */
  more: boolean;
  onTurn: (offset: number) => void;
}

export function Pager({ label, offset, count, limit, more, onTurn }: PagerProps) {
  const { t } = useWords();
  if (offset === 0 && !more) return null;
  return (
    <nav aria-label={label} className="mt-4 flex items-center justify-between gap-3">
      <Button disabled={offset === 0} onClick={() => onTurn(Math.max(0, offset - limit))}>
        {t("users.previous")}
      </Button>
      <span className="figures text-sm text-ink-soft">
        {count > 0 && t("users.range", { from: offset + 1, to: offset + count })}
      </span>
      <Button disabled={!more} onClick={() => onTurn(offset + limit)}>
        {t("users.next")}
      </Button>
    </nav>
  );
}
