import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { bars, type Day } from "./series";

/** Units of the drawing: one day is this wide, and the whole is a thousand high. */
const DAY_WIDTH = 10;
const BAR_INSET = 1;
const HEIGHT = 1000;

interface Props {
  days: readonly Day[];
  label: string;
  /** One day in words, for the line above the chart and for those who hear it. */
  describe: (day: Day) => string;
  writeDate: (date: string) => string;
  /** The amount at the top of the chart. */
  top: string;
}

/**
 * A bar for each day. It is one stop of the keyboard, and the arrows move in it as in a slider; a
 * table beside it says the same.
 */
export function Chart({ days, label, describe, writeDate, top }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const shown = at === null ? undefined : days[at];
  const value = Math.min(at ?? days.length - 1, days.length - 1);
  const current = days[value];

  function onKeyDown(event: KeyboardEvent) {
    const to = moved(event.key, value, days.length);
    if (to === undefined) return;
    event.preventDefault();
    setAt(to);
  }

  function onPointer(event: PointerEvent<HTMLDivElement>) {
    const box = event.currentTarget.getBoundingClientRect();
    if (box.width === 0) return;
    const index = Math.floor(((event.clientX - box.left) / box.width) * days.length);
    setAt(Math.max(0, Math.min(days.length - 1, index)));
  }

  return (
    <figure>
      <figcaption className="flex min-h-12 items-end justify-between gap-4 pb-2 text-sm">
        <span className="figures text-ink-soft">{top}</span>
        <span className="figures text-right font-medium" aria-hidden="true">
          {shown && describe(shown)}
        </span>
      </figcaption>
      <div
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={days.length - 1}
        aria-valuenow={value}
        aria-valuetext={current && describe(current)}
        className="cursor-crosshair touch-pan-y rounded-sm"
        onKeyDown={onKeyDown}
        onFocus={() => setAt(value)}
        onBlur={() => setAt(null)}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onPointerLeave={() => setAt(null)}
      >
        <Drawing days={days} at={at} />
      </div>
      <div className="figures flex justify-between pt-1 text-xs text-ink-soft" aria-hidden="true">
        <span>{days[0] && writeDate(days[0].date)}</span>
        <span>{days.length > 1 && writeDate(days[days.length - 1]?.date ?? "")}</span>
      </div>
    </figure>
  );
}

function moved(key: string, from: number, count: number): number | undefined {
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return Math.max(0, from - 1);
    case "ArrowRight":
    case "ArrowUp":
      return Math.min(count - 1, from + 1);
    case "PageDown":
      return Math.max(0, from - 7);
    case "PageUp":
      return Math.min(count - 1, from + 7);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

function Drawing({ days, at }: { days: readonly Day[]; at: number | null }) {
  const drawn = bars(days);
  const width = days.length * DAY_WIDTH;
  return (
    <svg
      viewBox={`0 0 ${width} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="block h-44 w-full"
      aria-hidden="true"
    >
      <line
        x1={0}
        x2={width}
        y1={drawn.zero}
        y2={drawn.zero}
        className="stroke-line-strong"
        vectorEffect="non-scaling-stroke"
      />
      {at !== null && (
        <rect x={at * DAY_WIDTH} y={0} width={DAY_WIDTH} height={HEIGHT} className="fill-sunken" />
      )}
      {drawn.bars.map(({ top, height }, index) => (
        <rect
          key={days[index]?.date}
          x={index * DAY_WIDTH + BAR_INSET}
          y={top}
          width={DAY_WIDTH - 2 * BAR_INSET}
          height={height}
          className={index === at ? "fill-accent-strong" : "fill-accent"}
        />
      ))}
    </svg>
  );
}
