import type { Slice } from "./bar";

/** Where the lines and bars of a chart of exact amounts stand. Amounts are compared as integers; only pixels are floats. */
export interface Scale {
  /** Lowest first; 0 is one of them. */
  ticks: bigint[];
  /** How far below the top edge an amount is. */
  y: (value: bigint) => number;
}

const STEPS = [1n, 2n, 5n] as const;
const MOST_INTERVALS = 4n;

/** The least of 1, 2, 5, 10, 20, … by which `span` is at most four steps. */
function stepOf(span: bigint): bigint {
  for (let power = 1n; ; power *= 10n) {
    const step = STEPS.find((each) => each * power * MOST_INTERVALS >= span);
    if (step !== undefined) return step * power;
  }
}

export function scaleOf(values: readonly bigint[], height: number): Scale {
  const most = values.reduce((a, b) => (b > a ? b : a), 0n);
  const least = values.reduce((a, b) => (b < a ? b : a), 0n);
  const step = stepOf(most - least > 0n ? most - least : 1n);
  const top = ((most + step - 1n) / step) * step;
  const bottom = -((-least + step - 1n) / step) * step;
  const range = top > bottom ? top - bottom : step;
  const ticks: bigint[] = [];
  for (let tick = bottom; tick <= top; tick += step) ticks.push(tick);
  const y = (value: bigint) => (Number(((top - value) * 10_000n) / range) / 10_000) * height;
  return { ticks, y };
}

/** So many pixels at least has what is not nothing. */
const VISIBLE = 1.5;

/** Where a slice is drawn: it stands on what is beneath it, or hangs from what is above. */
export function boxOf({ y }: Scale, { from, to }: Slice): { y: number; height: number } {
  const height = from === to ? 0 : Math.max(y(from) - y(to), VISIBLE);
  return { y: from < 0n ? y(to) : y(from) - height, height };
}
