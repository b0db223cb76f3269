import type { Bar } from "./bar";
import type { Scale } from "./bar-scale";

export const HEIGHT = 160;
/** Room for half of a tick's text above the highest line and below the lowest. */
export const MARGIN = 8;

/** No narrower than the widest character, and room at both sides of a text. */
const CHARACTER = 8;
const PADDING = 6;

export function Line({ y, strong }: { y: number; strong: boolean }) {
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

export function Ticks({ scale, format }: { scale: Scale; format: (value: bigint) => string }) {
  const texts = scale.ticks.map(format);
  const width = Math.max(...texts.map((text) => text.length)) * CHARACTER + 2 * PADDING;
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
          x={width - PADDING}
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

/** The ends, and the middle where there is room for it: the table has them all. */
export function Labels({ bars }: { bars: readonly Bar[] }) {
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

const DOTS = ["bg-accent", "bg-line-strong", "bg-good", "bg-warn"] as const;

/** Whose colour it is, where bars have parts. */
export function Key({ name, place }: { name: string; place: number }) {
  return (
    <span className="inline-flex items-center gap-1.5 text-ink-soft">
      <span className={`size-2.5 rounded-sm ${DOTS[place % DOTS.length]}`} />
      {name}
    </span>
  );
}
