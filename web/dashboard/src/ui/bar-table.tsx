import type { Bar } from "./bar-chart";

interface BarTableProps {
  bars: Bar[];
  names: string[];
  format: (value: bigint) => string;
  caption: string;
  head: [string, string];
}

/** The chart as a table: the same amounts, to read, to copy, and for those who do not see it. */
export function BarTable({ bars, names, format, caption, head }: BarTableProps) {
  return (
    <div className="overflow-x-auto" role="region" aria-label={caption} tabIndex={0}>
      <table className="w-full text-left figures">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className="py-1.5 pr-4 font-medium">
              {head[0]}
            </th>
            {names.map((name) => (
              <th key={name} scope="col" className="py-1.5 pr-4 text-right font-medium">
                {name}
              </th>
            ))}
            <th scope="col" className="py-1.5 text-right font-medium">
              {head[1]}
            </th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.key} className="border-b border-line">
              <th scope="row" className="py-1.5 pr-4 font-normal whitespace-nowrap">
                {bar.label}
              </th>
              {names.map((name) => (
                <td key={name} className="py-1.5 pr-4 text-right">
                  {format(partOf(bar, name))}
                </td>
              ))}
              <td className="py-1.5 text-right">{format(bar.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function partOf(bar: Bar, name: string): bigint {
  return (bar.parts ?? []).reduce((sum, part) => (part.name === name ? sum + part.value : sum), 0n);
}
