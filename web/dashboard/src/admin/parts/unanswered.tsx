import type { ReactNode } from "react";
import { Banner } from "../../ui/banner";
import { Button } from "../../ui/button";
import { useWords } from "../words";

/** A change whose answer was lost, and the way to it. Nothing else is asked for here until it is found. */
export function Unanswered({ onAsk, children }: { onAsk: () => void; children: ReactNode }) {
  const { t } = useWords();
  return (
    <div className="mt-4">
      <Banner
        tone="warn"
        role="status"
        action={<Button onClick={onAsk}>{t("common.askAgain")}</Button>}
      >
        {children}
      </Banner>
    </div>
  );
}
