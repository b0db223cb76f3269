import { type PointerEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { BarTable } from "./bar-table";
import { type Scale, scaleOf } from "./bar-scale";

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

const HEIGHT = 160;
/** Room for half of a tick's text above the highest line and below the lowest. */
const MARGIN = 8;
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

function Line({ y, strong }: { y: number; strong: boolean }) {
  return (
    <line
      x1="0"
      x2="100%"
      y1={y}
      y2={y}
      className={strong ? "stroke-line-strong" : "stroke-line"}
    />
  );
}

function Ticks({ scale, format }: { scale: Scale; format: (value: bigint) => string }) {
  const texts = scale.ticks.map(format);
  const width = Math.max(...texts.map((text) => text.length)) * 7 + 8;
  return (
    <svg
      aria-hidden="true"
      width={width}
      height={HEIGHT + 2 * MARGIN}
      className="shrink-0 fill-ink-soft text-xs figures"
    >
      {scale.ticks.map((tick, index) => (
        <text
          key={String(tick)}
          x={width - 8}
          y={MARGIN + scale.y(tick)}
          textAnchor="end"
          dominantBaseline="middle"
        >
          {texts[index]}
        </text>
      ))}
    </svg>
  );
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

/** The ends, and the middle where there is room for it: the table has them all. */
function Labels({ bars }: { bars: Bar[] }) {
  const [first, last] = [bars[0], bars.length > 1 ? bars[bars.length - 1] : undefined];
  const middle = bars.length > 2 ? bars[Math.floor((bars.length - 1) / 2)] : undefined;
  return (
    <div className="figures flex justify-between text-xs text-ink-soft" aria-hidden="true">
      <span>{first?.label}</span>
      <span className="hidden sm:inline">{middle?.label}</span>
      <span>{last?.label}</span>
    </div>
  );
}
