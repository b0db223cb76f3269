import { type PointerEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { HEIGHT, Labels, Line, MARGIN, Ticks } from "./bar-axes";
import { BarTable } from "./bar-table";
import { scaleOf } from "./bar-scale";

export interface BarPart {
  name: string;
  value: bigint;
}

export interface Bar {
  key: string;
  /** A day, for instance, short enough to stand under the chart. */
  label: string;
  /** The sum of its parts, where it has any. */
  value: bigint;
  parts?: BarPart[];
}

interface BarChartProps {
  bars: Bar[];
  format: (value: bigint) => string;
  /** For the lines behind the bars, which are at round values; absent: as the others. */
  formatTick?: (value: bigint) => string;
  /** Names the chart and its table. */
  caption: string;
  /** The table's first column, and the one of values. */
  tableHead: [string, string];
}

const FILLS = ["fill-accent", "fill-line-strong", "fill-good", "fill-warn"] as const;
const DOTS = ["bg-accent", "bg-line-strong", "bg-good", "bg-warn"] as const;

/** Bars over days, drawn without a style attribute (the pages' policy allows none), and the same as a table. */
export function BarChart({ bars, format, formatTick = format, caption, tableHead }: BarChartProps) {
  const { t } = useTranslation("common");
  const [pointed, setPointed] = useState<number | null>(null);
  const names = partNames(bars);
  const scale = scaleOf(bars.flatMap(extremes), HEIGHT);
  const shown = pointed === null ? undefined : bars[pointed];

  function point(event: PointerEvent<SVGSVGElement>) {
    const box = event.currentTarget.getBoundingClientRect();
    const index = Math.floor(((event.clientX - box.left) / box.width) * bars.length);
    setPointed(Math.max(0, Math.min(bars.length - 1, index)));
  }

  return (
    <figure className="m-0">
      <div
        className="mb-1 flex min-h-6 flex-wrap gap-x-4 text-sm text-ink-soft figures"
        aria-hidden="true"
      >
        {shown ? (
          <Pointed bar={shown} format={format} />
        ) : (
          names.map((name, i) => <Key key={name} name={name} place={i} />)
        )}
      </div>
      <div className="flex">
        <Ticks scale={scale} format={formatTick} />
        <div className="min-w-0 flex-1">
          <svg
            role="img"
            aria-label={caption}
            width="100%"
            height={HEIGHT + 2 * MARGIN}
            className="block touch-pan-y"
            onPointerMove={point}
            onPointerDown={point}
            onPointerLeave={() => setPointed(null)}
          >
            {scale.ticks.map((tick) => (
              <Line key={String(tick)} y={MARGIN + scale.y(tick)} strong={tick === 0n} />
            ))}
            {bars.map((bar, index) => (
              <g
                key={bar.key}
                className={pointed === null || pointed === index ? undefined : "opacity-50"}
              >
                {slices(bar, names).map((slice) => (
                  <rect
                    key={slice.place}
                    className={FILLS[slice.place % FILLS.length]}
                    x={`${((index + 0.15) * 100) / bars.length}%`}
                    width={`${70 / bars.length}%`}
                    y={MARGIN + scale.y(slice.to)}
                    height={Math.max(0, scale.y(slice.from) - scale.y(slice.to))}
                  />
                ))}
              </g>
            ))}
          </svg>
          <Labels bars={bars} />
        </div>
      </div>
      <details className="mt-2 text-sm">
        <summary className="min-h-11 cursor-pointer content-center text-ink-soft">
          {t("chart.table")}
        </summary>
        <BarTable bars={bars} names={names} format={format} caption={caption} head={tableHead} />
      </details>
    </figure>
  );
}

/** The names of all parts, in the order in which they are met. */
function partNames(bars: Bar[]): string[] {
  return [...new Set(bars.flatMap((bar) => bar.parts?.map((part) => part.name) ?? []))];
}

interface Slice {
  place: number;
  from: bigint;
  to: bigint;
}

/** What is above 0 is piled up from 0, and what is below is piled down. */
function slices(bar: Bar, names: string[]): Slice[] {
  const parts = bar.parts ?? [{ name: "", value: bar.value }];
  let above = 0n;
  let below = 0n;
  return parts.map(({ name, value }) => {
    const place = Math.max(0, names.indexOf(name));
    if (value < 0n) {
      below += value;
      return { place, from: below, to: below - value };
    }
    above += value;
    return { place, from: above - value, to: above };
  });
}

function extremes(bar: Bar): bigint[] {
  return slices(bar, []).flatMap(({ from, to }) => [from, to]);
}

function Pointed({ bar, format }: { bar: Bar; format: (value: bigint) => string }) {
  return (
    <>
      <span>{bar.label}</span>
      <span className="font-medium text-ink">{format(bar.value)}</span>
      {bar.parts?.map((part) => (
        <span key={part.name}>
          {part.name} {format(part.value)}
        </span>
      ))}
    </>
  );
}

function Key({ name, place }: { name: string; place: number }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span className={`size-2.5 rounded-sm ${DOTS[place % DOTS.length]}`} />
      {name}
    </span>
  );
}
