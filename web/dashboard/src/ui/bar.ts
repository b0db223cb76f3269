/** A bar of a chart. Amounts are exact; only pixels are floats. */
export interface Bar {
  key: string;
  /** Short enough to stand under the chart. */
  label: string;
  /** In full: for the table, and for whoever points at it. */
  name: string;
  /** The sum of its parts, where it has any. */
  value: bigint;
  parts?: BarPart[];
}

export interface BarPart {
  name: string;
  value: bigint;
}

/** A piece of a bar, from an amount to a greater one; `place` tells parts apart. */
export interface Slice {
  place: number;
  from: bigint;
  to: bigint;
}

/** The names of all parts, in the order in which they are met. */
export function partNames(bars: readonly Bar[]): string[] {
  return [...new Set(bars.flatMap((bar) => bar.parts?.map((part) => part.name) ?? []))];
}

export function partOf(bar: Bar, name: string): bigint {
  return (bar.parts ?? []).reduce((sum, part) => (part.name === name ? sum + part.value : sum), 0n);
}

/** What is above 0 is piled up from 0, and what is below is piled down. */
export function slices(bar: Bar, names: string[]): Slice[] {
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

export function extremes(bar: Bar): bigint[] {
  return slices(bar, []).flatMap(({ from, to }) => [from, to]);
}
