import type { Bar } from "./bar";
import { Table, Td, Th } from "./table";

export interface BarColumn<B extends Bar> {
  head: string;
  cell: (bar: B) => string;
}

interface BarTableProps<B extends Bar> {
  bars: readonly B[];
  caption: string;
  head: string;
  columns: readonly BarColumn<B>[];
  foot: readonly string[] | undefined;
}

/** The chart as a table: the same amounts, to read, to copy, and for those who do not see it. */
export function BarTable<B extends Bar>({ bars, caption, head, columns, foot }: BarTableProps<B>) {
  const heads = (
    <>
      <Th>{head}</Th>
      {columns.map((column) => (
        <Th key={column.head} number>
          {column.head}
        </Th>
      ))}
    </>
  );
  return (
    <Table caption={caption} head={heads}>
      {bars.map((bar) => (
        <tr key={bar.key}>
          <th scope="row" className="py-3 pr-4 font-normal whitespace-nowrap">
            {bar.name}
          </th>
          {columns.map((column) => (
            <Td key={column.head} number>
              {column.cell(bar)}
            </Td>
          ))}
        </tr>
      ))}
      {foot && (
        <tr className="font-semibold">
          {foot.map((cell, index) => (
            <Td key={index} number={index > 0}>
              {cell}
            </Td>
          ))}
        </tr>
      )}
    </Table>
  );
}
