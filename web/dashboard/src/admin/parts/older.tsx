import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { Button } from "../../ui/button";
import { useWords } from "../words";

/** The way to older rows, which come below those that are there. */
export function Older({ pages }: { pages: UseInfiniteQueryResult }) {
  const { t } = useWords();
  if (!pages.hasNextPage) return null;
  return (
    <div className="mt-4 text-center">
      <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        {t("common.older")}
      </Button>
    </div>
  );
}
