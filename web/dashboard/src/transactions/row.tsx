import { formatMoney, formatTime, type Locale, toMicros, type Transaction } from "@billing/client";
import type { TFunction } from "i18next";
import { ChevronDown } from "lucide-react";
import { memo } from "react";

import { Details } from "./details";

/** Of the head and of every row. */
export const COLUMNS =
  "grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 px-2 sm:grid-cols-[minmax(0,1fr)_8rem_8rem] " +
  "md:grid-cols-[minmax(0,1fr)_8rem_8rem_8rem]";

interface Props {
  transaction: Transaction;
  index: number;
  zone: string;
  /** From outside, as the words are: a hook in each row would be felt in scrolling. */
  locale: Locale;
  t: TFunction<"transactions">;
  isOpen: boolean;
  onToggle: (id: string) => void;
}

export const Row = memo(function Row(props: Props) {
  const { transaction, index, zone, locale, t, isOpen, onToggle } = props;
  const { amount_usd, balance_after_usd, created_at } = transaction;
  const details = `details-${transaction.id}`;
  const kind = kindOf(transaction, t);
  const amount = formatMoney(amount_usd, "USD", locale, { exact: true, signed: true });
  const time = formatTime(created_at, locale, zone, "short");
  const isIncome = toMicros(amount_usd) > 0n;
  return (
    <>
      <div
        role="row"
        // The head is the first.
        aria-rowindex={index + 2}
        className={`${COLUMNS} relative h-16 items-center border-b border-line hover:bg-sunken`}
      >
        <div role="cell" className="flex min-w-0 items-center gap-2">
          <button
            type="button"
            data-row-button=""
            aria-expanded={isOpen}
            aria-controls={isOpen ? details : undefined}
            className="flex min-w-0 flex-1 cursor-pointer items-center gap-2 text-left after:absolute after:inset-0 focus-visible:outline-offset-[-2px]"
            onClick={() => onToggle(transaction.id)}
          >
            <ChevronDown
              aria-hidden="true"
              size={16}
              className={`shrink-0 text-ink-soft ${isOpen ? "" : "-rotate-90"}`}
            />
            <span className="min-w-0">
              <span className="block truncate">{transaction.tool ?? kind}</span>
              <span className="block truncate text-sm text-ink-soft max-sm:hidden">
                {transaction.tool ? kind : transaction.description}
              </span>
              <span className="figures block truncate text-sm text-ink-soft sm:hidden">
                <time dateTime={created_at}>{time}</time>
              </span>
            </span>
          </button>
        </div>
        <div role="cell" className="figures text-sm text-ink-soft max-sm:hidden">
          <time dateTime={created_at}>{time}</time>
        </div>
        <div
          role="cell"
          className={`figures text-right whitespace-nowrap ${isIncome ? "text-good" : ""}`}
        >
          {amount}
        </div>
        <div
          role="cell"
          className="figures text-right whitespace-nowrap text-ink-soft max-md:hidden"
        >
          {formatMoney(balance_after_usd, "USD", locale)}
        </div>
      </div>
      {isOpen && (
        <div role="row" aria-rowindex={index + 2} id={details} className="border-b border-line">
          <div role="cell" aria-colspan={4}>
            <Details transaction={transaction} zone={zone} />
          </div>
        </div>
      )}
    </>
  );
});

/** A payment that was taken back is a refund too, but not of a charge. */
function kindOf({ type, amount_usd }: Transaction, t: Props["t"]): string {
  if (type === "refund" && amount_usd.startsWith("-")) return t("reversed");
  return t(`kind.${type}`);
}
