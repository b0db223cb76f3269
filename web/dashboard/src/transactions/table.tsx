import type { Transaction } from "@billing/client";
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { COLUMNS, Row } from "./row";

/** A closed row, in the root's font size. */
const ROW_REM = 4;
const OVERSCAN_ROWS = 12;
/** So near the end, more is loaded. */
const NEAR_END_ROWS = 30;

interface Props {
  rows: readonly Transaction[];
  zone: string;
  /** There are more than these. */
  hasMore: boolean;
  onNearEnd: () => void;
}

/**
 * Only the rows in sight are in the document, however many there are. The row with the focus is
 * always among them, so that scrolling never takes it away; the arrows move it.
 */
export function Table({ rows, zone, hasMore, onNearEnd }: Props) {
  const { t } = useTranslation("transactions");
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<number | null>(null);
  const virtualizer = useRows(list, rows, focused);
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const isNearEnd = hasMore && last >= rows.length - NEAR_END_ROWS;

  useEffect(() => {
    if (isNearEnd) onNearEnd();
  }, [isNearEnd, onNearEnd]);

  const toggle = useCallback((id: string) => {
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);

  return (
    <div role="table" aria-label={t("title")} aria-colcount={4} aria-rowcount={hasMore ? -1 : rows.length + 1}>
      <Head />
      <div
        role="rowgroup"
        ref={(element) => {
          list.current = element;
          virtualizer.containerRef(element);
        }}
        className="relative"
        onKeyDown={(event) => moveFocus(event, focused, rows.length, setFocused, list.current)}
      >
        {items.map(({ index, key }) => {
          const transaction = rows[index];
          if (!transaction) return null;
          return (
            <div
              key={key}
              data-index={index}
              ref={virtualizer.measureElement}
              className="absolute inset-x-0 top-0 border-b border-line"
              onFocus={() => setFocused(index)}
            >
              <Row
                transaction={transaction}
                index={index}
                zone={zone}
                isOpen={open.has(transaction.id)}
                onToggle={toggle}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function useRows(
  list: { current: HTMLDivElement | null },
  rows: readonly Transaction[],
  focused: number | null,
) {
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const box = list.current?.getBoundingClientRect();
    if (box) setMargin(box.top + window.scrollY);
  }, [list, rows.length]);
  return useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_REM * rootFontSize(),
    overscan: OVERSCAN_ROWS,
    scrollMargin: margin,
    getItemKey: useCallback((index: number) => rows[index]?.id ?? index, [rows]),
    rangeExtractor: useCallback((range: Range) => withFocused(range, focused), [focused]),
    // Positions are written by script: the policy forbids style attributes.
    directDomUpdates: true,
  });
}

function rootFontSize(): number {
  return Number.parseInt(getComputedStyle(document.documentElement).fontSize, 10) || 16;
}

function withFocused(range: Range, focused: number | null): number[] {
  const shown = defaultRangeExtractor(range);
  if (focused === null || focused >= range.count || shown.includes(focused)) return shown;
  return [...shown, focused].sort((a, b) => a - b);
}

function moveFocus(
  event: KeyboardEvent,
  from: number | null,
  count: number,
  setFocused: (index: number) => void,
  list: HTMLElement | null,
) {
  const to = from === null ? undefined : target(event.key, from, count);
  // Inside of an open row the keys are those of what is there.
  const isOnRow = event.target instanceof Element && event.target.hasAttribute("data-row-button");
  if (to === undefined || !isOnRow) return;
  event.preventDefault();
  setFocused(to);
  // It is in the document once it has been drawn.
  requestAnimationFrame(() => {
    list?.querySelector<HTMLElement>(`[data-index="${to}"] [data-row-button]`)?.focus();
  });
}

function target(key: string, from: number, count: number): number | undefined {
  switch (key) {
    case "ArrowDown":
      return Math.min(count - 1, from + 1);
    case "ArrowUp":
      return Math.max(0, from - 1);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

function Head() {
  const { t } = useTranslation("transactions");
  const cell = "py-2 text-sm text-ink-soft";
  return (
    <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-surface">
      <div role="row" aria-rowindex={1} className={COLUMNS}>
        <span role="columnheader" className={cell}>
          {t("column.what")}
        </span>
        <span role="columnheader" className={`${cell} max-sm:hidden`}>
          {t("column.time")}
        </span>
        <span role="columnheader" className={`${cell} text-right`}>
          {t("column.amount")}
        </span>
        <span role="columnheader" className={`${cell} text-right max-md:hidden`}>
          {t("column.balance")}
        </span>
      </div>
    </div>
  );
}
