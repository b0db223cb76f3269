import type { Transaction } from "@billing/client";
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { COLUMNS, Row } from "./row";

/** A closed row with its line, in the root's font size: `h-16` of row.tsx. */
const ROW_REM = 4;
const OVERSCAN_ROWS = 6;
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
  const locale = useLocale();
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<number | null>(null);
  const virtualizer = useRows(list, rows, focused);
  const container = useCallback(
    (element: HTMLDivElement | null) => {
      list.current = element;
      virtualizer.containerRef(element);
    },
    [virtualizer],
  );
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
    <div role="table" aria-label={t("title")} aria-rowcount={hasMore ? -1 : rows.length + 1}>
      <Head />
      <div
        role="rowgroup"
        ref={container}
        className="relative"
        onKeyDown={(event) => moveFocus(event, rows.length, setFocused, list.current)}
      >
        {items.map(({ index, key }) => {
          const transaction = rows[index];
          if (!transaction) return null;
          return (
            <div
              key={key}
              data-index={index}
              ref={virtualizer.measureElement}
              className="absolute inset-x-0 top-0 contain-layout"
              onFocus={() => setFocused(index)}
            >
              <Row
                transaction={transaction}
                index={index}
                zone={zone}
                locale={locale}
                t={t}
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
  const [rowPixels] = useState(() => ROW_REM * rootFontSize());
  // The list lies lower or higher after whatever is above it has come or gone.
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      const box = list.current?.getBoundingClientRect();
      if (box) setMargin(Math.round(box.top + window.scrollY));
    });
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [list]);
  return useWindowVirtualizer({
    count: rows.length,
    // Exact, or every row that comes into sight would move all those behind it.
    estimateSize: useCallback(() => rowPixels, [rowPixels]),
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
  count: number,
  setFocused: (index: number) => void,
  list: HTMLElement | null,
) {
  // Inside of an open row the keys are those of what is there.
  const button = event.target instanceof Element && event.target.closest("[data-row-button]");
  const from = button && button.closest<HTMLElement>("[data-index]")?.dataset.index;
  const to = from ? target(event.key, Number(from), count) : undefined;
  if (to === undefined) return;
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
