import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { useTranslation } from "../i18n/use-translation";
import { type Bar, extremes, partNames, slices } from "./bar";
import { HEIGHT, Key, Labels, Line, MARGIN, Ticks } from "./bar-axes";
import { boxOf, type Scale, scaleOf } from "./bar-scale";
import { type BarColumn, BarTable } from "./bar-table";

interface BarChartProps<B extends Bar> {
  bars: readonly B[];
  /** Of the lines behind the bars, which are at round values. */
  formatTick: (value: bigint) => string;
  /** What the chart shows, and of which days. */
  label: string;
  /** One bar in words, for the line above the chart and for those who hear it. */
  describe: (bar: B) => string;
  /** Of the table. */
  caption: string;
  /** The table's first column, whose cells are the bars' names. */
  head: string;
  columns: readonly BarColumn<B>[];
  /** The table's last row. */
  foot?: readonly string[];
}

/**
 * Bars over days, drawn without a style attribute (the pages' policy allows none), and the same as a table. The chart
 * is one stop of the keyboard, and the arrows move in it as in a slider.
 */
export function BarChart<B extends Bar>(props: BarChartProps<B>) {
  const { bars, formatTick, label, describe, caption, head, columns, foot } = props;
  const { t } = useTranslation("common");
  const [at, setAt] = useState<number | null>(null);
  const names = partNames(bars);
  const scale = scaleOf(bars.flatMap(extremes), HEIGHT);
  const last = bars.length - 1;
  const value = Math.min(at ?? last, last);
  const shown = at === null ? undefined : bars[value];
  const current = bars[value];

  function onKeyDown(event: KeyboardEvent) {
    const to = moved(event.key, value, last);
    if (to === undefined) return;
    event.preventDefault();
    setAt(to);
  }

  function onPointer(event: PointerEvent<HTMLDivElement>) {
    const box = event.currentTarget.getBoundingClientRect();
    if (box.width === 0) return;
    const index = Math.floor(((event.clientX - box.left) / box.width) * bars.length);
    setAt(Math.max(0, Math.min(last, index)));
  }

  return (
    <figure className="m-0">
      <div
        className="figures mb-1 flex min-h-11 flex-wrap content-end gap-x-4 text-sm sm:min-h-6"
        aria-hidden="true"
      >
        {shown ? (
          <span className="font-medium">{describe(shown)}</span>
        ) : (
          names.map((name, place) => <Key key={name} name={name} place={place} />)
        )}
      </div>
      <div className="flex">
        <Ticks scale={scale} format={formatTick} />
        <div className="min-w-0 flex-1">
          <div
            role="slider"
            tabIndex={0}
            aria-label={`${label}. ${t("chart.keys")}`}
            aria-orientation="horizontal"
            aria-valuemin={0}
            aria-valuemax={Math.max(0, last)}
            aria-valuenow={Math.max(0, value)}
            aria-valuetext={current && describe(current)}
            className="cursor-crosshair touch-pan-y rounded-sm"
            onKeyDown={onKeyDown}
            onFocus={() => setAt(value)}
            onBlur={() => setAt(null)}
            onPointerMove={onPointer}
            onPointerDown={onPointer}
            onPointerLeave={() => setAt(null)}
          >
            <Drawing bars={bars} names={names} scale={scale} at={at} />
          </div>
          <Labels bars={bars} />
        </div>
      </div>
      <details className="mt-2">
        <summary className="inline-flex min-h-11 cursor-pointer items-center font-medium text-accent">
          {t("chart.table")}
        </summary>
        <BarTable bars={bars} caption={caption} head={head} columns={columns} foot={foot} />
      </details>
    </figure>
  );
}

function moved(key: string, from: number, last: number): number | undefined {
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return Math.max(0, from - 1);
    case "ArrowRight":
    case "ArrowUp":
      return Math.min(last, from + 1);
    case "PageDown":
      return Math.max(0, from - 7);
    case "PageUp":
      return Math.min(last, from + 7);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return undefined;
  }
}

interface DrawingProps {
  bars: readonly Bar[];
  names: string[];
  scale: Scale;
  at: number | null;
}

const FILLS = ["fill-accent", "fill-line-strong", "fill-good", "fill-warn"] as const;

function Drawing({ bars, names, scale, at }: DrawingProps) {
  const percent = (bar: number) => `${(bar * 100) / bars.length}%`;
  return (
    <svg width="100%" height={HEIGHT + 2 * MARGIN} className="block" aria-hidden="true">
      {at !== null && (
        <rect x={percent(at)} width={percent(1)} height="100%" className="fill-sunken" />
      )}
      {scale.ticks.map((tick) => (
        <Line key={String(tick)} y={MARGIN + scale.y(tick)} strong={tick === 0n} />
      ))}
      {bars.map((bar, index) =>
        slices(bar, names).map((slice) => {
          const { y, height } = boxOf(scale, slice);
          return (
            <rect
              key={`${bar.key} ${slice.place}`}
              className={FILLS[slice.place % FILLS.length]}
              x={percent(index + 0.15)}
              width={percent(0.7)}
              y={MARGIN + y}
              height={height}
            />
          );
        }),
      )}
    </svg>
  );
}
